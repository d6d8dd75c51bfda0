import { DeviceError, LinkError } from "@espx/proto";
import type {
  Clock,
  Inventory,
  Plan,
  Progress,
  RunningState,
  SerialLink,
  SlotName,
  SlotRecord,
  Step,
  Transport,
} from "@espx/proto";
import { askRunning } from "./ask-running.ts";
import { Confirmation } from "./confirmation.ts";
import { INCOMING_PATH, inventoryScript, resetScript } from "./device-scripts.ts";
import type { resetReasons } from "./device-scripts.ts";
import { readInventory } from "./inventory-lines.ts";
import type { PartialFile } from "./inventory-lines.ts";
import { execPacked } from "./packed-script.ts";
import { RawRepl } from "./raw-repl.ts";
import { ascii, skipPast, timedOut, write } from "./wire.ts";
import { checkRoom } from "./room.ts";
import { findResumePoint } from "./stream/resume.ts";
import type { ResumePoint } from "./stream/resume.ts";
import { StepStream } from "./stream/step-stream.ts";
import type { SerialTransportOptions } from "./transport-options.ts";

/** How long a board may take to say that it starts anew. */
const RESTART_MS = 2_000;
const INVENTORY_TIMEOUT_MS = 120_000;
/** A plain program is confirmed after 30 s; then it may be asked the hard way. */
const SILENCE_MS = 45_000;
/** What the receiver, its buffers and the smallest window take, with some room for gaps in the heap. */
const HEAP_MIN_BYTES = 40 * 1024;
/** From here on a window of 8 KiB does no harm, and saves some. */
const HEAP_AMPLE_BYTES = 96 * 1024;

/** Below that the time to agree on a rate is not won back. */
const RATE_MIN_BYTES = 4 * 1024;

interface Known {
  readonly inventory: Inventory;
  readonly partial: PartialFile | null;
}

/** Changes a board over its serial console. The board's program is stopped from the first call until a reset. */
export class SerialTransport implements Transport {
  readonly #link: SerialLink;
  readonly #clock: Clock;
  readonly #options: SerialTransportOptions;
  #repl: RawRepl | undefined;
  #stream: StepStream | undefined;
  /** The last step that was given, done or not. */
  #lastStep: Promise<void> = Promise.resolve();
  /** What the board holds, as long as nothing was changed. */
  #known: Known | undefined;
  /** What the board is, as it was last read. */
  #board: Inventory | undefined;
  #sendBytes = 0;
  #resume: ResumePoint | null = null;
  #committed: SlotRecord | null = null;

  constructor(link: SerialLink, clock: Clock, options: SerialTransportOptions = {}) {
    this.#link = link;
    this.#clock = clock;
    this.#options = options;
  }

  /**
   * The board's raw REPL, entered when it is not.
   *
   * @throws LinkError `serial/no-reply`, `serial/not-micropython`, `link/lost`
   */
  async repl(signal?: AbortSignal): Promise<RawRepl> {
    await this.#stream?.idle();
    return this.#rawRepl(signal);
  }

  async #rawRepl(signal: AbortSignal | undefined): Promise<RawRepl> {
    this.#repl ??= new RawRepl(this.#link, this.#clock);
    if (this.#repl.entered) return this.#repl;
    this.#stream?.forget();
    const entered = await this.#repl.enter({ ...this.#options, signal });
    this.#options.onEntered?.(entered);
    return this.#repl;
  }

  /**
   * What a framework that runs says about itself; it is not stopped for it.
   *
   * @returns null when nothing answers, or when the program was stopped already
   */
  async running(signal?: AbortSignal): Promise<RunningState | null> {
    return this.#repl === undefined ? askRunning(this.#link, this.#clock, { signal }) : null;
  }

  async inventory(signal?: AbortSignal): Promise<Inventory> {
    return (await this.#read(signal)).inventory;
  }

  /**
   * Checks the room, and finds out whether a file that was begun can go on; files that are whole are not in the plan.
   *
   * A program that was stopped keeps its memory: where it left too little, the interpreter is started anew.
   * @throws DeviceError `device/full`
   */
  async begin(plan: Plan, signal?: AbortSignal): Promise<ReadonlySet<number>> {
    const { inventory, partial } = this.#known ?? (await this.#read(signal));
    this.#committed = null;
    this.#sendBytes = plan.sendBytes;
    checkRoom(plan, inventory, partial?.sizeBytes ?? 0);
    this.#resume = await findResumePoint(plan, partial, this.#options.sha256);
    if (inventory.heapFreeBytes < HEAP_MIN_BYTES) {
      await (await this.repl(signal)).softReset(signal);
      this.#stream?.forget();
    }
    if (!plan.steps.some((step) => step.kind === "put")) await this.tidy(signal);
    return new Set();
  }

  /** Removes what a deploy that was broken off left half done, where nothing is going to be put over it. */
  async tidy(signal?: AbortSignal): Promise<void> {
    if (this.#known === undefined || this.#known.partial === null) return;
    await (await this.repl(signal)).exec(`import os\nos.remove('${INCOMING_PATH}')`, { signal });
    this.#known = { ...this.#known, partial: null };
  }

  /** Says how much the next steps send, where no plan is begun for them: much is worth a higher rate. */
  announce(sendBytes: number): void {
    this.#sendBytes = sendBytes;
  }

  /**
   * Resolves when the step is done. Calls may overlap: steps are done in the order of the calls, without a pause between
   * them, and none after one that failed.
   */
  async apply(
    step: Step,
    options: { readonly progress?: Progress; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    if (step.kind === "reset") {
      await this.#lastStep;
      return this.reset("update", options.signal);
    }
    const fromByte = step.kind === "put" && step.path === this.#resume?.path ? this.#resume.fromByte : 0;
    if (step.kind === "put") this.#resume = null;
    const stream = (this.#stream ??= this.#startStream());
    const done = stream.apply(step, { ...options, fromByte });
    this.#known = undefined;
    this.#lastStep = done;
    this.#lastStep.catch(() => {});
    await done;
    if (step.kind === "commit") this.#committed = step.record;
  }

  /** Resets the board and lets go of the raw REPL; its program starts again. */
  async reset(why: keyof typeof resetReasons, signal?: AbortSignal): Promise<void> {
    const repl = await this.repl(signal);
    try {
      await repl.execReset(resetScript(why), signal);
    } finally {
      this.#letGo();
    }
  }

  /**
   * Runs `boot.py` and `main.py` anew without a reset of the chip, as Ctrl-D at the prompt does.
   *
   * @throws LinkError `serial/timeout` when the board does not say that it starts, `link/lost`
   */
  async restart(signal?: AbortSignal): Promise<void> {
    const repl = await this.repl(signal);
    const wire = { link: this.#link, clock: this.#clock, reader: repl.reader };
    const limit = { untilMs: this.#clock.now() + RESTART_MS, signal };
    try {
      await repl.leave(signal);
      await write(wire, ascii("\x04"), limit);
      if (!(await skipPast(wire, ascii("soft reboot"), limit))) throw timedOut();
    } finally {
      this.#letGo();
    }
  }

  /**
   * Resolves when the board runs a set that is confirmed, or one that was placed by hand.
   *
   * A program that never answers is stopped once to read its record, and started again.
   * @throws DeviceError `deploy/fell-back`, `deploy/nothing-runs`; LinkError `deploy/not-confirmed`, `link/lost`
   */
  async watch({
    timeoutMs,
    signal,
  }: {
    readonly timeoutMs: number;
    readonly signal?: AbortSignal;
  }): Promise<RunningState> {
    this.#letGo();
    const { onConsole } = this.#options;
    const expected = this.#committed;
    const confirmation = new Confirmation(this.#link, this.#clock, {
      timeoutMs,
      signal,
      expected,
      onConsole,
      silenceMs: SILENCE_MS,
    });
    const state = await confirmation.wait();
    if (state !== null) return state;
    return this.#readState(confirmation.said, signal);
  }

  /**
   * Leaves the board at its friendly prompt and stops listening; the link stays open.
   *
   * @returns whether the prompt was seen; also true where there was nothing to leave
   */
  async leave(signal?: AbortSignal): Promise<boolean> {
    try {
      await this.#stream?.idle();
      return (await this.#repl?.leave(signal)) ?? true;
    } finally {
      this.#letGo();
    }
  }

  async #read(signal: AbortSignal | undefined): Promise<Known> {
    const repl = await this.repl(signal);
    const { deflate } = this.#options;
    const output = await execPacked(repl, inventoryScript, { deflate, timeoutMs: INVENTORY_TIMEOUT_MS, signal });
    this.#known = readInventory(output);
    this.#board = this.#known.inventory;
    return this.#known;
  }

  #startStream(): StepStream {
    const { deflate, rates, onLine } = this.#options;
    const { kind, safeCreditBytes } = this.#link.traits;
    const isUsb = kind === "usb-jtag" || kind === "cdc";
    return new StepStream((signal) => this.#rawRepl(signal), {
      creditBytes: safeCreditBytes >> 1,
      deflate: this.#board?.capabilities.includes("deflate") === true ? deflate : undefined,
      windowBits: (this.#board?.heapFreeBytes ?? 0) >= HEAP_AMPLE_BYTES ? 13 : 12,
      rates: isUsb || this.#sendBytes < RATE_MIN_BYTES ? undefined : rates,
      onLine,
    });
  }

  async #readState(said: string, signal?: AbortSignal): Promise<RunningState> {
    const { record } = await this.inventory(signal);
    const release = record === null ? "" : await this.#readRelease(record.slot, signal);
    await this.reset("commanded", signal);
    const expected = this.#committed;
    if (record !== null && expected !== null && (record.slot !== expected.slot || record.config !== expected.config)) {
      throw new DeviceError(
        "deploy/fell-back",
        `the new set failed its trial; the board runs slot ${record.slot} again`,
        {
          hint: "what the board printed says why; mend that and deploy again",
          details: { console: said },
        },
      );
    }
    if (record === null || record.state === "trial") {
      throw new LinkError(
        "deploy/not-confirmed",
        "not confirmed: the program runs, does not answer, and is still on trial",
        {
          hint: "a plain program is confirmed after 30 s without exception; --no-wait does not wait",
          details: { console: said },
        },
      );
    }
    return { release, slot: record.slot, state: record.state, waitingFor: [] };
  }

  async #readRelease(slot: SlotName, signal?: AbortSignal): Promise<string> {
    const repl = await this.repl(signal);
    const code = `import json\ntry:print(json.load(open('/${slot}/release.json'))['id'])\nexcept Exception:pass`;
    return (await repl.exec(code, { signal })).trim();
  }

  #letGo(): void {
    this.#repl?.close();
    this.#repl = undefined;
    this.#stream = undefined;
  }
}
