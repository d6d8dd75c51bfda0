import { type ComPortMessage, LinkError } from "@espx/proto";

/** How long a server may take to answer a setting. */
const answerTimeoutMs = 5_000;

/** Requests of the COM-PORT option that are answered with a number. */
export type Setting = Exclude<ComPortMessage["kind"], "signature" | "unknown">;

interface Waiting {
  readonly kind: Setting;
  resolve(value: number): void;
  reject(error: Error): void;
}

/** Requests to a serial server that were not answered yet; answers of one kind come in the order of the requests. */
export class SettingQueue {
  readonly #url: string;
  #waiting: Waiting[] = [];

  constructor(url: string) {
    this.#url = url;
  }

  /**
   * The number in the next answer of this kind.
   *
   * @throws LinkError `port/no-answer` after `timeoutMs`
   */
  expect(kind: Setting, timeoutMs: number = answerTimeoutMs): Promise<number> {
    const answer = new Promise<number>((resolve, reject) => {
      const error = new LinkError(
        "port/no-answer",
        `${this.#url} did not answer a ${kind} setting within ${timeoutMs} ms`,
      );
      const timer = setTimeout(() => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        reject(error);
      }, timeoutMs);
      const settle =
        <T>(done: (outcome: T) => void) =>
        (outcome: T): void => {
          clearTimeout(timer);
          done(outcome);
        };
      const waiting: Waiting = { kind, resolve: settle(resolve), reject: settle(reject) };
      this.#waiting.push(waiting);
    });
    answer.catch(() => {});
    return answer;
  }

  /** Hands an answer to who waits for it; one that nobody waits for is dropped. */
  answered(message: ComPortMessage): void {
    if (message.direction !== "reply" || message.kind === "signature" || message.kind === "unknown") return;
    const at = this.#waiting.findIndex(({ kind }) => kind === message.kind);
    if (at >= 0) this.#waiting.splice(at, 1)[0]?.resolve(message.value);
  }

  /** No answer will come any more. */
  fail(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const request of waiting) request.reject(error);
  }
}
