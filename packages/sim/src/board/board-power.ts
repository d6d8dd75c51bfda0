import { brownOutText } from "../chip/boot-texts.ts";
import type { PoweredChip } from "./boot-reason.ts";
import { ChipRun } from "./chip-run.ts";
import type { SimEventBody } from "./host-part.ts";

/** Supply, EN and boot pin of one chip, and what else starts and ends from outside what it runs. */
export class BoardPower {
  readonly #chip: PoweredChip;
  readonly #run: ChipRun;
  #transition: Promise<void> = Promise.resolve();

  constructor(chip: PoweredChip, { emit }: { readonly emit: (event: SimEventBody, atMs?: number) => void }) {
    this.#chip = chip;
    this.#run = new ChipRun(chip, { emit, change: (change) => this.#change(change) });
  }

  get running(): boolean {
    return this.#run.session !== undefined;
  }

  /**
   * Resolves when programs start; in virtual time when the board waits for time to pass.
   *
   * @throws InternalError `sim/board-failed` when the simulator itself fails
   */
  async on(): Promise<void> {
    const isBootPinLow = this.#chip.isBootPinLow();
    await this.#change(async () => {
      if (this.#run.state.kind !== "off") return;
      const atUs = this.#chip.world.nowUs();
      this.#chip.rtc.powerUp(atUs / 1000);
      this.#run.startChip({ cause: "power-on", atUs, isBootPinLow });
    });
    await this.#ready();
  }

  off(): Promise<void> {
    return this.#change(async () => {
      await this.#settle();
      if (this.#run.state.kind === "off") return;
      this.#chip.leaveUsb();
      await this.#run.end("power");
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
      const { kind } = this.#run.state;
      if (held && kind !== "off") {
        this.#chip.leaveUsb();
        await this.#run.end("reset");
        this.#run.hold();
      } else if (!held && kind === "held") {
        this.#run.startChip({ cause: "power-on", atUs: this.#chip.world.nowUs(), isBootPinLow });
      }
    });
  }

  /** The chip's own USB resets its digital core: the RTC domain goes on, and the boot pin counts as at the last reset of the chip. */
  resetCore(toDownload: boolean): void {
    this.#whilePowered(async (atUs) => {
      await this.#run.end("reset");
      const isBootPinLow = toDownload || this.#run.isBootLatched;
      this.#run.start({ cause: "hard", romReason: "usb", atUs, isBootPinLow });
    });
  }

  /** The supply dips: the detector resets the chip, and what RTC memory holds is gone as after a power cut. */
  brownOut(): void {
    this.#whilePowered(async (atUs) => {
      this.#chip.print(brownOutText, atUs / 1000);
      this.#chip.leaveUsb();
      await this.#run.end("brown-out");
      this.#chip.rtc.powerUp(atUs / 1000);
      const isBootPinLow = this.#chip.isBootPinLow();
      this.#run.startChip({ cause: "power-on", romReason: "brown-out", atUs, isBootPinLow });
    });
  }

  /** Rate of the serial line: the program's own, or that of a chip without one; undefined follows the host's. */
  lineBaud(consoleBaud: number | undefined): number | undefined {
    return this.#run.lineBaud(consoleBaud);
  }

  /** @param patienceMs - how long the line waits for a board that does not read */
  sendSerial(bytes: Uint8Array, patienceMs: number): void {
    this.#run.sendSerial(bytes, patienceMs);
  }

  /** Something outside drives a pin otherwise: a sleeping chip may wake. */
  pinChanged(): void {
    const { state } = this.#run;
    if (state.kind !== "asleep") return;
    const reason = state.sleep.pinReason;
    if (reason === undefined) return;
    const atUs = this.#chip.world.nowUs();
    void this.#change(async () => {
      if (this.#run.state !== state) return;
      state.sleep.end();
      this.#run.start({ cause: "deep-sleep", atUs, wakeReason: reason });
    });
  }

  /** Resolves when no program runs any more. */
  stopped(): Promise<void> {
    return this.#run.stopped();
  }

  async #ready(): Promise<void> {
    await this.#transition;
    const { turns } = this.#chip.world;
    if (turns !== undefined) await turns.rest();
    else await this.#run.session?.loaded();
    await this.#transition;
    if (this.#run.failure !== undefined) throw this.#run.failure;
  }

  /** Does what happens to a chip that has power and is not held, at the moment at which it does. */
  #whilePowered(act: (atUs: number) => Promise<void>): void {
    void this.#change(async () => {
      await this.#settle();
      const { kind } = this.#run.state;
      if (kind !== "off" && kind !== "held") await act(this.#chip.world.nowUs());
    });
  }

  /** Virtual time: what the board does at this moment is done before something happens to it. */
  async #settle(): Promise<void> {
    const { state } = this.#run;
    if (state.kind === "bare") await state.bare.idle();
    const { turns } = this.#chip.world;
    if (turns !== undefined) await this.#run.session?.atRest(turns.quietMs);
  }

  /** Changes of state happen one after the other. */
  #change(change: () => Promise<void>): Promise<void> {
    const { turns } = this.#chip.world;
    const done = turns === undefined ? this.#transition.then(change) : turns.change(change);
    this.#transition = done.catch(() => {});
    return done;
  }
}
