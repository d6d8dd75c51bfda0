import { RefusedError, isEspxError, loaderFailure, type Clock, type SerialLink } from "@espx/proto";
import { type ConnectedLoader, connectLoader, type ConnectOptions } from "./connect-loader.ts";
import { romBaudRate } from "./rom-baud-rate.ts";
import { call } from "./synchronise.ts";

/** Faults in a row, without anything done between them, after which a line is given up. */
const faultsMax = 4;

/** Counts faults since something was done. */
export class FaultCounter {
  #inARow = 0;
  #total = 0;

  get total(): number {
    return this.#total;
  }

  reset(): void {
    this.#inARow = 0;
  }

  /** @returns whether it was one too many */
  add(): boolean {
    this.#total++;
    return ++this.#inARow > faultsMax;
  }
}

/** What is needed to reach a chip anew. */
export interface RecoveryContext {
  readonly link: SerialLink;
  readonly clock: Clock;
  readonly options: ConnectOptions;
}

/** A chip's loader, found again when it does not answer any more. */
export class Recovery {
  connected: ConnectedLoader;
  readonly #context: RecoveryContext;
  #link: SerialLink;
  #baudMax: number;

  constructor(connected: ConnectedLoader, context: RecoveryContext) {
    this.connected = connected;
    this.#context = context;
    this.#link = context.link;
    this.#baudMax = connected.loader.baudRate;
  }

  /**
   * Makes up for a fault, so that what failed may be tried again: the stub is called; when it stays silent, the chip is reset and the
   * line goes slower; when the port is lost, it is opened again.
   *
   * @throws the error itself, when it is none that another try can mend, or one too many
   * @throws RefusedError `flash/other-board` when another board has taken the place of the first
   */
  async recover(error: unknown, faults: FaultCounter): Promise<void> {
    if (!isPassing(error) || faults.add()) throw error;
    const { options } = this.#context;
    const isLost = isEspxError(error, "link/lost");
    if (isLost && options.reopen === undefined) throw error;
    options.onEvent?.({ kind: "lost", reason: (error as Error).message });
    if (isLost) await this.#reopen(error);
    else if (!(await this.#answers())) await this.#reconnect(slower(this.#baudMax));
    options.onEvent?.({ kind: "resumed" });
  }

  async #answers(): Promise<boolean> {
    const { loader } = this.connected;
    // Ends whatever packet the chip takes the next bytes for.
    await loader.port.sendRaw(Uint8Array.of(0xc0, 0xc0), this.#context.options.signal);
    await loader.port.settle(50, this.#context.options.signal);
    const answer = await call(loader.port, 3, this.#context.options.signal);
    return answer?.isStub === loader.isStub;
  }

  async #reopen(error: unknown): Promise<void> {
    this.connected.loader.port.release();
    const { reopen } = this.#context.options;
    if (reopen === undefined) throw error;
    this.#link = await reopen();
    await this.#reconnect(this.#baudMax);
  }

  async #reconnect(baudRate: number): Promise<void> {
    this.connected.loader.port.release();
    const before = this.connected;
    const { clock, options } = this.#context;
    const remembered = { ...options.remembered, strategy: before.strategy };
    this.connected = await connectLoader(this.#link, clock, { ...options, baudRate, remembered });
    this.#baudMax = this.connected.loader.baudRate;
    refuseOther(before, this.connected);
  }
}

/** Faults of a line, which another try may mend; a wrong digest may come from a block that was spoiled twice over. */
function isPassing(error: unknown): boolean {
  if (!isEspxError(error)) return false;
  const { code, details } = error;
  if (code === "flash/command-refused")
    return [loaderFailure.invalidChecksum, 0x0b, 0xc0, 0xc1].includes(details["reason"] as number);
  return passing.has(code);
}

const passing: ReadonlySet<string> = new Set([
  "link/lost",
  "serial/timeout",
  "flash/no-answer",
  "flash/command-unknown",
  "flash/read-differs",
  "flash/verify-differs",
  "flash/stub-not-started",
]);

function slower(baudRate: number): number {
  return Math.max(romBaudRate, Math.floor(baudRate / 2));
}

function refuseOther({ identity: first }: ConnectedLoader, { identity: second }: ConnectedLoader): void {
  if (first === undefined || second === undefined) return;
  if (first.mac.every((byte, index) => byte === second.mac[index])) return;
  throw new RefusedError("flash/other-board", "another board is at the port than before it was lost", {
    hint: "plug the first one in and run the same again: what it has already is not sent twice",
  });
}
