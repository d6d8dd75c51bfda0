import { InternalError, type SimEvent } from "@espx/proto";
import type { BoardStop } from "../worker/context.ts";
import type { RomReason } from "../chip/boot-texts.ts";
import type { FirmwareFacts } from "../chip/chip-messages.ts";
import { BareChip } from "./bare-chip.ts";
import { type BootReason, keepImage, type PoweredChip, sessionStart } from "./boot-reason.ts";
import { BoardSession, type SessionListener, type SessionSeat } from "./board-session.ts";
import { ChangeSignal } from "./change-signal.ts";
import { DeepSleep } from "./deep-sleep.ts";
import type { SimEventBody } from "./host-part.ts";
import { Watchdog } from "./watchdog.ts";
import type { TurnTaker } from "./world-turns.ts";

type OffReason = Extract<SimEvent, { readonly kind: "off" }>["why"];

/** What a chip does; `held`: EN is low. */
type State =
  | { readonly kind: "off" | "held" }
  | { readonly kind: "on"; readonly session: BoardSession }
  | { readonly kind: "bare"; readonly bare: BareChip }
  | { readonly kind: "asleep"; readonly sleep: DeepSleep };

/** What a {@link ChipRun} needs of the board that it is in. */
export interface RunEnds {
  readonly emit: (event: SimEventBody, atMs?: number) => void;
  /** Does a change of state after those that were asked for before. */
  readonly change: (change: () => Promise<void>) => Promise<void>;
}

/** What one chip runs: ROM, program or nothing, and what becomes of it when that ends. */
export class ChipRun implements TurnTaker {
  readonly #chip: PoweredChip;
  readonly #ends: RunEnds;
  readonly #watchdog: Watchdog;
  readonly #changed = new ChangeSignal();
  readonly #seat: SessionSeat | undefined;
  #state: State = { kind: "off" };
  #chipStartUs = 0;
  /** The boot pin as it was at the last reset of the whole chip. */
  #isBootLatched = false;
  #boots = 0;
  #failure: InternalError | undefined;
  /** Between a soft reset and the boot after it: the session whose console lives on. */
  #softlyStopped: BoardSession | undefined;
  #firmware: FirmwareFacts = { version: "", absentModules: [], machine: "", build: "", romText: "" };

  constructor(chip: PoweredChip, ends: RunEnds) {
    this.#chip = chip;
    this.#ends = ends;
    this.#watchdog = new Watchdog(
      () => chip.world.nowUs(),
      () => this.bite(chip.world.nowUs()),
    );
    const { turns } = chip.world;
    if (turns === undefined) return;
    const seat = turns.join(this);
    this.#seat = { schedule: turns.schedule, seat, nowUs: () => turns.nowUs, ring: () => turns.ring() };
  }

  get state(): State {
    return this.#state;
  }

  /** The boot that runs now. */
  get session(): BoardSession | undefined {
    return this.#state.kind === "on" ? this.#state.session : undefined;
  }

  get isBootLatched(): boolean {
    return this.#isBootLatched;
  }

  /** Why the simulator gave up on the last start. */
  get failure(): InternalError | undefined {
    return this.#failure;
  }

  /** When a sleeping board wakes, or a chip without a program starts over; Infinity when neither comes by itself. */
  get wakeAtUs(): number {
    if (this.#state.kind === "bare") return this.#state.bare.againAtUs;
    return this.#state.kind === "asleep" ? this.#state.sleep.wakeAtUs : Infinity;
  }

  /** Rate of the serial line: the program's own, or that of a chip without one; undefined follows the host's. */
  lineBaud(consoleBaud: number | undefined): number | undefined {
    return this.#state.kind === "bare" ? this.#state.bare.lineBaud : consoleBaud;
  }

  /** @param patienceMs - how long the line waits for a board that does not read */
  sendSerial(bytes: Uint8Array, patienceMs: number): void {
    if (this.#state.kind === "bare") {
      this.#state.bare.feed(bytes);
      return this.#chip.taken(bytes.length);
    }
    const arrival = { atMs: this.#chip.world.nowUs() / 1000, patienceMs };
    const session = this.session ?? this.#softlyStopped;
    if (session === undefined) this.#chip.taken(bytes.length);
    else session.sendSerial(bytes, arrival);
  }

  /** Resolves when no program runs any more. */
  async stopped(): Promise<void> {
    while (this.session !== undefined) await this.#changed.next();
  }

  /** Virtual time: the board's sleep is over, or the chip starts over by itself. */
  wakeUp(): void {
    if (this.#state.kind === "asleep") {
      const { wakeAtUs, reason } = this.#state.sleep;
      this.start({ cause: "deep-sleep", atUs: wakeAtUs, wakeReason: reason });
    } else if (this.#state.kind === "bare") {
      this.#state.bare.startAgain();
    }
  }

  /** The watchdog resets the board. */
  bite(atUs: number): void {
    this.#stop({ kind: "watchdog" }, atUs);
  }

  /** A start after a reset of the whole chip, which looks at its boot pin then. */
  startChip(reason: BootReason & { readonly isBootPinLow: boolean }): void {
    this.#isBootLatched = reason.isBootPinLow;
    this.#chip.chip.watchdog.reset();
    this.start(reason);
  }

  start(reason: BootReason): void {
    this.#failure = undefined;
    if (reason.cause === "soft" || this.#startsProgram(reason, reason.romReason ?? reason.cause)) this.#run(reason);
  }

  /** Ends what runs; `why` is told, unless it goes on at once. */
  async end(why: OffReason | undefined, atUs = this.#chip.world.nowUs()): Promise<void> {
    const state = this.#state;
    this.#watchdog.stop();
    this.#state = { kind: "off" };
    if (state.kind === "asleep") state.sleep.end();
    if (state.kind === "bare") state.bare.close();
    if (state.kind === "on") {
      await state.session.end();
      this.#chip.parts.disconnect(atUs / 1000);
    }
    if (why !== undefined) this.#ends.emit({ kind: "off", why }, atUs / 1000);
    this.#changed.notify();
  }

  /** EN stays low. */
  hold(): void {
    this.#state = { kind: "held" };
  }

  /** What ROM and boot loader do; true when they come to an application. */
  #startsProgram({ cause, atUs, isBootPinLow = false }: BootReason, reason: RomReason): boolean {
    this.#chipStartUs = atUs;
    const start = this.#chip.chip.start(reason, isBootPinLow);
    if (start.kind === "application") {
      this.#firmware = start.firmware;
      return true;
    }
    const bare = new BareChip(this.#chip, start, atUs, {
      again: (reasonAgain, next, againUs) =>
        this.#startAgain(bare, { cause, atUs: againUs, isBootPinLow: next === "download" }, reasonAgain),
      bitten: (bittenUs) => this.#bitten(bare, bittenUs),
    });
    this.#state = { kind: "bare", bare };
    this.#changed.notify();
    return false;
  }

  /** The chip starts over by itself; for Python that is the reset which the loader does in software. */
  #startAgain(bare: BareChip, again: BootReason, reason: RomReason): void {
    void this.#ends.change(async () => {
      if (this.#state.kind !== "bare" || this.#state.bare !== bare) return;
      const cause = reason === "hard" ? "hard" : again.cause;
      if (this.#startsProgram({ ...again, cause }, reason)) this.#run({ ...again, cause });
    });
  }

  /** To a program it looks as its own watchdog does. */
  #bitten(bare: BareChip, atUs: number): void {
    void this.#ends.change(async () => {
      if (this.#state.kind !== "bare" || this.#state.bare !== bare) return;
      this.#chip.leaveUsb();
      await this.end("watchdog", atUs);
      const isBootPinLow = this.#chip.isBootPinLow();
      this.startChip({ cause: "watchdog", romReason: "rom-watchdog", atUs, isBootPinLow });
    });
  }

  #run(reason: BootReason): void {
    const { assets, parts } = this.#chip;
    const boot = { number: this.#boots++, chipStartUs: this.#chipStartUs, firmware: this.#firmware };
    const start = sessionStart(this.#chip, reason, boot);
    const listener: SessionListener = {
      message: (message) => {
        if (message.type === "watchdog") this.#watch(session);
        else if (!keepImage(this.#chip, message)) parts.receive(message);
      },
      stopped: (stop, atMs) => this.#stop(stop, atMs * 1000),
      crashed: (error) => this.#crash(error),
    };
    const session = new BoardSession(assets, start, listener, this.#seat);
    for (const { bytes, arrival } of this.#softlyStopped?.carried ?? []) session.sendSerial(bytes, arrival);
    this.#softlyStopped = undefined;
    session.control.watchdogUs = reason.watchdogUs;
    this.#state = { kind: "on", session };
    this.#watch(session);
    parts.connect({
      post: (message, transfer) => session.post(message, transfer),
      postAt: (message, atMs) => session.postAt(message, atMs),
      emit: this.#ends.emit,
    });
    this.#ends.emit({ kind: "boot", cause: reason.cause }, reason.atUs / 1000);
    this.#changed.notify();
  }

  #watch(session: BoardSession): void {
    if (this.#chip.world.mode === "real") this.#watchdog.watch(session.control);
  }

  #stop(stop: BoardStop, atUs: number): void {
    const stopping = this.#state;
    void this.#ends.change(async () => {
      if (this.#state !== stopping || stopping.kind !== "on") return;
      const { watchdogUs } = stopping.session.control;
      if (stop.kind === "soft-reset") this.#softlyStopped = stopping.session;
      if (stop.kind === "cut") this.#chip.leaveUsb();
      await this.end(stop.kind === "soft-reset" ? undefined : stop.kind, atUs);
      this.#goOnAfter(stop, atUs, watchdogUs);
    });
  }

  #goOnAfter(stop: BoardStop, atUs: number, watchdogUs: number | undefined): void {
    switch (stop.kind) {
      case "reset":
        return this.start({ cause: "hard", atUs });
      case "watchdog":
        return this.start({ cause: "watchdog", atUs });
      case "soft-reset":
        return this.start({ cause: "soft", atUs, rawRepl: stop.rawRepl, watchdogUs });
      case "deep-sleep":
        return this.#sleep(new DeepSleep(this.#chip, atUs, stop));
      case "cut":
    }
  }

  #sleep(sleep: DeepSleep): void {
    this.#state = { kind: "asleep", sleep };
    const wake = async (): Promise<void> => {
      if (this.#state.kind === "asleep" && this.#state.sleep === sleep) this.wakeUp();
    };
    sleep.setAlarm(() => void this.#ends.change(wake));
  }

  /** What the simulator's own failure says is shown where a person looks: on the console. */
  #crash(error: Error): void {
    const text = `\r\nthe virtual board failed: ${error.stack ?? error.message}\r\n`;
    this.#chip.parts.receive({
      type: "serial-out",
      bytes: new TextEncoder().encode(text),
      atMs: this.#chip.world.nowUs() / 1000,
    } as never);
    this.#failure = new InternalError("sim/board-failed", `the virtual board failed: ${error.message}`, {
      cause: error,
    });
    void this.#ends.change(() => this.end("crash"));
  }
}
