import { isEspxError } from "@espx/proto";
import type { DeviceError, EspxError, Progress } from "@espx/proto";
import { filesScript } from "../device-scripts.ts";
import { packScript } from "../packed-script.ts";
import type { RawRepl } from "../raw-repl.ts";
import type { Wire } from "../wire.ts";
import { packFrames } from "./frame-packer.ts";
import type { Deflate } from "./frame-packer.ts";
import { FrameSender, noisyLine } from "./frame-sender.ts";
import { agreeOnRate } from "./line-rate.ts";
import { PROMPT_BAUD, receiverScript } from "./receiver.ts";
import { isMemoryError, stepError } from "./step-error.ts";
import { recordsOf } from "./step-records.ts";
import type { StreamRecord, StreamStep } from "./step-records.ts";

/** How a stream goes over its link. */
export interface StreamOptions {
  /** What the board acknowledges together; twice as many bytes may be on the way. */
  readonly creditBytes: number;
  /** Left out when the board cannot inflate, or nobody here can deflate. */
  readonly deflate?: Deflate | undefined;
  readonly windowBits: number;
  /** Asked once a stream: rates to try, best first; none leaves the line as it is. */
  readonly rates: (() => Promise<readonly number[]>) | undefined;
  /** Told how the line did: the rate that was agreed on, and how often something had to be sent again. */
  readonly onLine?: ((line: LineReport) => void) | undefined;
}

/** How a line did during one stream. */
export interface LineReport {
  readonly triedRates: readonly number[];
  /** Undefined: that of the prompt. */
  readonly rate: number | undefined;
  readonly troubles: number;
}

export interface StepOptions {
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Bytes of the file that the board has in its incoming file already. */
  readonly fromByte?: number | undefined;
}

interface Entry extends StepOptions {
  readonly step: StreamStep;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

type OwnedRecord = StreamRecord & { readonly entry: Entry };

/** How long a link may take to go back to the rate of the prompt. */
const SET_BACK_MS = 500;

/** Does steps in the order in which they are given; those that wait together share one run of the receiver. */
export class StepStream {
  /** The raw REPL of the board, entered when it is not. */
  readonly #enter: (signal: AbortSignal | undefined) => Promise<RawRepl>;
  readonly #options: StreamOptions;
  #waiting: Entry[] = [];
  /** Those that the receiver is being sent. */
  #sent: Entry[] = [];
  /** Whose each record is that the receiver counts, with whether it was the last one. */
  #counted: OwnedRecord[] = [];
  #installed = false;
  #mayReset = true;
  #troubles = 0;
  #running: Promise<void> | undefined;

  constructor(enter: (signal: AbortSignal | undefined) => Promise<RawRepl>, options: StreamOptions) {
    this.#enter = enter;
    this.#options = options;
  }

  /**
   * Resolves when the step is done; calls may overlap. After one that fails, those behind it fail alike.
   *
   * @throws DeviceError `device/full`, `device/exception`; VerifyError `serial/readback-differs`; LinkError `serial/noisy-line`,
   *   `serial/timeout`, `serial/rebooted`, `link/lost`; CanceledError `serial/canceled`
   */
  apply(step: StreamStep, options: StepOptions = {}): Promise<void> {
    const end = new Promise<void>((done, failed) => this.#waiting.push({ step, ...options, done, failed }));
    this.#running ??= this.#run();
    return end;
  }

  /** Resolves when nothing waits any more, however that ended. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** The board was started anew: what was sent to it before is gone. */
  forget(): void {
    this.#installed = false;
  }

  async #run(): Promise<void> {
    // Whoever gives one step may give the next one at once.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      try {
        await this.#session(this.#waiting[0]?.signal);
        for (const { done } of this.#sent.splice(0)) done();
      } catch (error) {
        await this.#afterFailure(error);
      }
    }
    this.#running = undefined;
  }

  async #session(signal: AbortSignal | undefined): Promise<void> {
    const { creditBytes, deflate, windowBits, onLine } = this.#options;
    const rates = (await this.#options.rates?.()) ?? [];
    const repl = await this.#enter(signal);
    const plain = filesScript + receiverScript;
    const scripts = this.#installed ? "" : deflate === undefined ? plain : packScript(plain, deflate);
    const code = `${scripts}_xr(${creditBytes},${windowBits},(${rates.map((rate) => `${rate},`).join("")}))`;
    this.#counted = [];
    this.#troubles = 0;
    await repl.converse(
      code,
      async (wire) => {
        const rate = await agreeOnRate(wire, rates, signal);
        if (rate === null) return;
        this.#installed = true;
        try {
          await this.#send(wire, signal);
        } finally {
          if (rate !== undefined) await giveBack(wire);
          onLine?.({ triedRates: rates, rate, troubles: this.#troubles });
        }
      },
      { signal },
    );
  }

  async #send(wire: Wire, signal: AbortSignal | undefined): Promise<void> {
    const { creditBytes, deflate, windowBits } = this.#options;
    const frames = packFrames(this.#records(), deflate && { deflate, windowBits });
    const onTaken = (records: readonly OwnedRecord[]): void => records.forEach((record) => this.#taken(record));
    const sender = new FrameSender(wire, frames, { creditBytes, onTaken, signal });
    try {
      await sender.run();
    } catch (error) {
      if (!isEspxError(error, "link/lost")) await sender.stop().catch(() => {});
      throw error;
    } finally {
      this.#troubles = sender.troubles;
    }
  }

  *#records(): Generator<OwnedRecord> {
    for (let entry = this.#waiting.shift(); entry !== undefined; entry = this.#waiting.shift()) {
      this.#sent.push(entry);
      for (const record of recordsOf(entry.step, entry.fromByte)) {
        const owned = { ...record, entry };
        if (record.counted) this.#counted.push(owned);
        yield owned;
      }
    }
  }

  #taken({ entry, doneBytes, last }: OwnedRecord): void {
    const { step, progress, done } = entry;
    const isNews = step.kind === "put" && (last || doneBytes < step.sizeBytes);
    if (isNews) progress?.(doneBytes, step.sizeBytes, step.path);
    if (!last) return;
    this.#sent = this.#sent.filter((other) => other !== entry);
    done();
  }

  /** Finds the step that failed; a board that only lacks memory gets it by a soft reset, once. */
  async #afterFailure(thrown: unknown): Promise<void> {
    const raised = isEspxError(thrown, "device/exception") || isEspxError(thrown, "device/full");
    if (raised) await this.#settleCounted().catch(() => {});
    if (raised && this.#mayReset && isMemoryError(thrown as DeviceError)) return this.#startOver();
    const open = [...this.#sent.splice(0), ...this.#waiting.splice(0)];
    const garbled = isEspxError(thrown, "serial/bad-framing") && this.#installed;
    const said = garbled ? noisyLine(this.#troubles, thrown) : thrown;
    const error = raised ? await this.#explain(thrown as DeviceError, open[0]?.step) : said;
    for (const entry of open) entry.failed(error);
  }

  /** A board that is gone meanwhile leaves it at what it said first. */
  async #explain(thrown: DeviceError, step: StreamStep | undefined): Promise<EspxError> {
    try {
      return await stepError(await this.#enter(undefined), thrown, { step, troubles: this.#troubles });
    } catch {
      return thrown;
    }
  }

  /** The receiver counts on inside a frame that it never acknowledged. */
  async #settleCounted(): Promise<void> {
    if (!this.#installed) return;
    const repl = await this.#enter(undefined);
    const count = Number(await repl.exec("print(_xn)"));
    for (const record of this.#counted.slice(0, count)) if (this.#sent.includes(record.entry)) this.#taken(record);
  }

  async #startOver(): Promise<void> {
    this.#mayReset = false;
    this.#waiting = [...this.#sent.splice(0).map((entry) => ({ ...entry, fromByte: 0 })), ...this.#waiting];
    this.#installed = false;
    try {
      await (await this.#enter(undefined)).softReset();
    } catch {
      // The next stream finds out what the board is like now.
    }
  }
}

/** A link whose other end is gone may never answer. */
async function giveBack({ link, clock }: Wire): Promise<void> {
  const over = new AbortController();
  const late = clock.sleep(SET_BACK_MS, over.signal).catch(() => {});
  await Promise.race([link.setBaud(PROMPT_BAUD).catch(() => {}), late]);
  over.abort();
}
