import { DeviceError, LinkError } from "@espx/proto";
import type {
  Clock,
  FileFact,
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
import { BoardFiles } from "./board-files.ts";
import { Confirmation } from "./confirmation.ts";
import { helperScript, inventoryScript, resetScript } from "./device-scripts.ts";
import type { resetReasons } from "./device-scripts.ts";
import { parseInventory } from "./inventory-lines.ts";
import type { Entered, EnterOptions } from "./raw-enter.ts";
import { RawRepl } from "./raw-repl.ts";
import { ascii, skipPast, write } from "./wire.ts";

/** How long a board may take to say that it starts anew. */
const RESTART_MS = 2_000;
const INVENTORY_TIMEOUT_MS = 120_000;
/** A plain program is confirmed after 30 s; then it may be asked the hard way. */
const SILENCE_MS = 45_000;

export interface SerialTransportOptions extends Pick<EnterOptions, "timeoutMs" | "mayReset"> {
  /** Gets the lines that the board prints while {@link SerialTransport.watch} waits. */
  readonly onConsole?: (line: string) => void;
  /** Told once when the raw REPL was entered: whether a program was stopped, and how. */
  readonly onEntered?: (entered: Entered) => void;
}

/** Changes a board over its serial console. The board's program is stopped from the first call until a reset. */
export class SerialTransport implements Transport {
  readonly #link: SerialLink;
  readonly #clock: Clock;
  readonly #options: SerialTransportOptions;
  #repl: RawRepl | undefined;
  #files: BoardFiles | undefined;
  #known: readonly FileFact[] | undefined;
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
    this.#repl ??= new RawRepl(this.#link, this.#clock);
    if (this.#repl.entered) return this.#repl;
    this.#files = undefined;
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
    const repl = await this.repl(signal);
    const output = await repl.exec(`${helperScript}${inventoryScript}`, { timeoutMs: INVENTORY_TIMEOUT_MS, signal });
    this.#files = new BoardFiles(repl);
    const inventory = parseInventory(output);
    this.#known = inventory.files;
    return inventory;
  }

  /**
   * Checks the room; an interrupted run needs no resume point here, since the plan is made from what the board holds.
   *
   * @throws DeviceError `device/full`
   */
  async begin(plan: Plan, signal?: AbortSignal): Promise<ReadonlySet<number>> {
    const files = await this.#boardFiles(signal);
    this.#committed = null;
    await files.checkRoom(plan, this.#known ?? (await this.inventory(signal)).files, signal);
    return new Set();
  }

  async apply(
    step: Step,
    options: { readonly progress?: Progress; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    if (step.kind === "reset") return this.reset("update", options.signal);
    const files = await this.#boardFiles(options.signal);
    this.#known = undefined;
    switch (step.kind) {
      case "put":
        return files.put(step, options);
      case "remove":
        return files.remove(step.path, options);
      case "commit":
        await files.commit(step, options);
        this.#committed = step.record;
    }
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

  /** Runs `boot.py` and `main.py` anew without a reset of the chip, as Ctrl-D at the prompt does. */
  async restart(signal?: AbortSignal): Promise<void> {
    const repl = await this.repl(signal);
    const wire = { link: this.#link, clock: this.#clock, reader: repl.reader };
    const limit = { untilMs: this.#clock.now() + RESTART_MS, signal };
    try {
      await repl.leave();
      await write(wire, ascii("\x04"), limit);
      await skipPast(wire, ascii("soft reboot"), limit);
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

  /** Leaves the board at its friendly prompt and stops listening; the link stays open. */
  async leave(): Promise<void> {
    try {
      await this.#repl?.leave();
    } finally {
      this.#letGo();
    }
  }

  async #boardFiles(signal?: AbortSignal): Promise<BoardFiles> {
    const repl = await this.repl(signal);
    if (this.#files !== undefined) return this.#files;
    const files = new BoardFiles(repl);
    await files.install(signal);
    this.#files = files;
    return files;
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
    this.#files = undefined;
  }
}
