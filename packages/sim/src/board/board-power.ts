import { InternalError, type SimEvent } from "@espx/proto";
import type { BoardStop } from "../worker/context.ts";
import { brownOutText, type RomReason } from "../chip/boot-texts.ts";
import type { FirmwareFacts } from "../chip/chip-messages.ts";
import { BareChip } from "./bare-chip.ts";
import { type BootReason, keepImage, type PoweredChip, sessionStart } from "./boot-reason.ts";
import { BoardSession, type SessionListener, type SessionSeat } from "./board-session.ts";
import { ChangeSignal } from "./change-signal.ts";
import { DeepSleep } from "./deep-sleep.ts";
import type { SimEventBody } from "./host-part.ts";
import { Watchdog } from "./watchdog.ts";

type OffReason = Extract<SimEvent, { readonly kind: "off" }>["why"];

/** `held`: EN is low. */
type State =
  | { readonly kind: "off" | "held" }
  | { readonly kind: "on"; readonly session: BoardSession }
  | { readonly kind: "bare"; readonly bare: BareChip }
  | { readonly kind: "asleep"; readonly sleep: DeepSleep };

/** Power, reset, sleep and watchdog of one chip: which session it runs, and why it started. */
export class BoardPower {
  readonly #chip: PoweredChip;
  readonly #emit: (event: SimEventBody, atMs?: number) => void;
  readonly #watchdog: Watchdog;
  readonly #changed = new ChangeSignal();
  #state: State = { kind: "off" };
  #transition: Promise<void> = Promise.resolve();
  #chipStartUs = 0;
  /** The boot pin as it was at the last reset of the whole chip. */
  #isBootLatched = false;
  #boots = 0;
  #failure: InternalError | undefined;
  /** Between a soft reset and the boot after it: the session whose console lives on. */
  #softlyStopped: BoardSession | undefined;
  #firmware: FirmwareFacts = { version: "", absentModules: [], machine: "", build: "", romText: "" };
  readonly #seat: SessionSeat | undefined;

  constructor(chip: PoweredChip, events: { readonly emit: (event: SimEventBody, atMs?: number) => void }) {
    this.#chip = chip;
    this.#emit = events.emit;
    this.#watchdog = new Watchdog(
      () => chip.world.nowUs(),
      () => this.bite(chip.world.nowUs()),
    );
    const { turns } = chip.world;
    if (turns !== undefined) {
      const seat = turns.join(this);
      this.#seat = { schedule: turns.schedule, seat, nowUs: () => turns.nowUs, ring: () => turns.ring() };
    }
  }

  get running(): boolean {
    return this.#state.kind === "on";
  }

  /** When a sleeping board wakes, or a chip without a program starts over; Infinity when neither comes by itself. */
  get wakeAtUs(): number {
    if (this.#state.kind === "bare") return this.#state.bare.againAtUs;
    return this.#state.kind === "asleep" ? this.#state.sleep.wakeAtUs : Infinity;
  }

  /**
   * Resolves when programs start; in virtual time when the board waits for time to pass.
   *
   * @throws InternalError `sim/board-failed` when the simulator itself fails
   */
  async on(): Promise<void> {
    const isBootPinLow = this.#chip.isBootPinLow();
    await this.#change(async () => {
      if (this.#state.kind !== "off") return;
      const atUs = this.#chip.world.nowUs();
      this.#chip.rtc.powerUp(atUs / 1000);
      this.#startChip({ cause: "power-on", atUs, isBootPinLow });
    });
    await this.#ready();
  }

  off(): Promise<void> {
    return this.#change(async () => {
      await this.#settle();
      if (this.#state.kind === "off") return;
      this.#chip.leaveUsb();
      await this.#end("power");
    });
  }

  /** The EN button; the chip cannot tell it from power that came back, but for what RTC memory holds. */
  async reset(): Promise<void> {
    this.holdReset(true);
    this.holdReset(false);
    await this.#ready();
  }

  /** The boot pin counts as it is when EN rises, whatever happens to it until the chip gets to it. */
  holdReset(held: boolean): void {
    const isBootPinLow = this.#chip.isBootPinLow();
    void this.#change(async () => {
      await this.#settle();
      if (held && this.#state.kind !== "off") {
        this.#chip.leaveUsb();
        await this.#end("reset");
        this.#state = { kind: "held" };
      } else if (!held && this.#state.kind === "held") {
        this.#startChip({ cause: "power-on", atUs: this.#chip.world.nowUs(), isBootPinLow });
      }
    });
  }

  /** The chip's own USB resets its digital core: the RTC domain goes on, and the boot pin counts as at the last reset of the chip. */
  resetCore(toDownload: boolean): void {
    void this.#change(async () => {
      await this.#settle();
      if (this.#state.kind === "off" || this.#state.kind === "held") return;
      const atUs = this.#chip.world.nowUs();
      await this.#end("reset");
      this.#start({ cause: "hard", romReason: "usb", atUs, isBootPinLow: toDownload || this.#isBootLatched });
    });
  }

  /** The supply dips: the detector resets the chip, and what RTC memory holds is gone as after a power cut. */
  brownOut(): void {
    void this.#change(async () => {
      await this.#settle();
      if (this.#state.kind === "off" || this.#state.kind === "held") return;
      const atUs = this.#chip.world.nowUs();
      this.#chip.print(brownOutText, atUs / 1000);
      this.#chip.leaveUsb();
      await this.#end("brown-out");
      this.#chip.rtc.powerUp(atUs / 1000);
      this.#startChip({ cause: "power-on", romReason: "brown-out", atUs, isBootPinLow: this.#chip.isBootPinLow() });
    });
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
    const session = this.#state.kind === "on" ? this.#state.session : this.#softlyStopped;
    if (session === undefined) this.#chip.taken(bytes.length);
    else session.sendSerial(bytes, arrival);
  }

  /** Something outside drives a pin otherwise: a sleeping chip may wake. */
  pinChanged(): void {
    if (this.#state.kind !== "asleep") return;
    const { sleep } = this.#state;
    const reason = sleep.pinReason;
    if (reason === undefined) return;
    const atUs = this.#chip.world.nowUs();
    void this.#change(async () => {
      if (this.#state.kind !== "asleep" || this.#state.sleep !== sleep) return;
      sleep.end();
      this.#start({ cause: "deep-sleep", atUs, wakeReason: reason });
    });
  }

  /** Resolves when no program runs any more. */
  async stopped(): Promise<void> {
    while (this.running) await this.#changed.next();
  }

  /** The boot that runs now. */
  get session(): BoardSession | undefined {
    return this.#state.kind === "on" ? this.#state.session : undefined;
  }

  /** Virtual time: the board's sleep is over, or the chip starts over by itself. */
  wakeUp(): void {
    if (this.#state.kind === "asleep") {
      const { wakeAtUs, reason } = this.#state.sleep;
      this.#start({ cause: "deep-sleep", atUs: wakeAtUs, wakeReason: reason });
    } else if (this.#state.kind === "bare") {
      this.#state.bare.startAgain();
    }
  }

  /** The watchdog resets the board. */
  bite(atUs: number): void {
    this.#stop({ kind: "watchdog" }, atUs);
  }

  /** A start after a reset of the whole chip, which looks at its boot pin then. */
  #startChip(reason: BootReason & { readonly isBootPinLow: boolean }): void {
    this.#isBootLatched = reason.isBootPinLow;
    this.#chip.chip.watchdog.reset();
    this.#start(reason);
  }

  #start(reason: BootReason): void {
    this.#failure = undefined;
    if (reason.cause === "soft" || this.#startsProgram(reason, reason.romReason ?? reason.cause)) this.#run(reason);
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
    void this.#change(async () => {
      if (this.#state.kind !== "bare" || this.#state.bare !== bare) return;
      const cause = reason === "hard" ? "hard" : again.cause;
      if (this.#startsProgram({ ...again, cause }, reason)) this.#run({ ...again, cause });
    });
  }

  /** To a program it looks as its own watchdog does. */
  #bitten(bare: BareChip, atUs: number): void {
    void this.#change(async () => {
      if (this.#state.kind !== "bare" || this.#state.bare !== bare) return;
      this.#chip.leaveUsb();
      await this.#end("watchdog", atUs);
      const isBootPinLow = this.#chip.isBootPinLow();
      this.#startChip({ cause: "watchdog", romReason: "rom-watchdog", atUs, isBootPinLow });
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
      emit: this.#emit,
    });
    this.#emit({ kind: "boot", cause: reason.cause }, reason.atUs / 1000);
    this.#changed.notify();
  }

  #watch(session: BoardSession): void {
    if (this.#chip.world.mode === "real") this.#watchdog.watch(session.control);
  }

  async #end(why: OffReason | undefined, atUs = this.#chip.world.nowUs()): Promise<void> {
    const state = this.#state;
    this.#watchdog.stop();
    this.#state = { kind: "off" };
    if (state.kind === "asleep") state.sleep.end();
    if (state.kind === "bare") state.bare.close();
    if (state.kind === "on") {
      await state.session.end();
      this.#chip.parts.disconnect(atUs / 1000);
    }
    if (why !== undefined) this.#emit({ kind: "off", why }, atUs / 1000);
    this.#changed.notify();
  }

  #stop(stop: BoardStop, atUs: number): void {
    const stopping = this.#state;
    void this.#change(async () => {
      if (this.#state !== stopping || stopping.kind !== "on") return;
      const { watchdogUs } = stopping.session.control;
      if (stop.kind === "soft-reset") this.#softlyStopped = stopping.session;
      if (stop.kind === "cut") this.#chip.leaveUsb();
      await this.#end(offReason(stop), atUs);
      switch (stop.kind) {
        case "reset":
          return this.#start({ cause: "hard", atUs });
        case "watchdog":
          return this.#start({ cause: "watchdog", atUs });
        case "soft-reset":
          return this.#start({ cause: "soft", atUs, rawRepl: stop.rawRepl, watchdogUs });
        case "deep-sleep":
          return this.#sleep(new DeepSleep(this.#chip, atUs, stop));
        case "cut":
          return;
      }
    });
  }

  #sleep(sleep: DeepSleep): void {
    this.#state = { kind: "asleep", sleep };
    const wake = async (): Promise<void> => {
      if (this.#state.kind === "asleep" && this.#state.sleep === sleep) this.wakeUp();
    };
    sleep.setAlarm(() => void this.#change(wake));
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
    void this.#change(() => this.#end("crash"));
  }

  async #ready(): Promise<void> {
    await this.#transition;
    const { turns } = this.#chip.world;
    if (turns !== undefined) await turns.rest();
    else if (this.#state.kind === "on") await this.#state.session.loaded();
    await this.#transition;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Virtual time: what the board does at this moment is done before something happens to it. */
  async #settle(): Promise<void> {
    if (this.#state.kind === "bare") await this.#state.bare.idle();
    const { turns } = this.#chip.world;
    if (turns !== undefined) await this.session?.atRest(turns.quietMs);
  }

  /** Changes of state happen one after the other. */
  #change(change: () => Promise<void>): Promise<void> {
    const { turns } = this.#chip.world;
    const done = turns === undefined ? this.#transition.then(change) : turns.change(change);
    this.#transition = done.catch(() => {});
    return done;
  }
}

function offReason(stop: BoardStop): OffReason | undefined {
  return stop.kind === "soft-reset" ? undefined : stop.kind;
}
