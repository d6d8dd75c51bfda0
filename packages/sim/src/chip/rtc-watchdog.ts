/** Where the registers of a chip's RTC watchdog are. */
export interface RtcWatchdogPlaces {
  readonly configuration: number;
  /** Time-out of the first stage, in cycles of the slow clock. */
  readonly timeout: number;
  readonly protection: number;
}

/** Opens the registers to writing when it stands in the protection register. */
const protectionKey = 0x50d83aa1;
const slowClockHz = 136_000;
const enabled = 0x8000_0000;
const stageShift = 28;
const stageMask = 7;
/** Actions of a stage from here on reset the whole chip; lower ones, a core, are not shown. */
const resetsChip = 4;

/**
 * The watchdog in a chip's RTC domain, which goes on through a reset of the digital core.
 *
 * @source technical reference manuals, RTC watchdog timer
 */
export class RtcWatchdog {
  readonly #places: RtcWatchdogPlaces | undefined;
  #configuration = 0;
  #timeoutCycles = 0;
  #protection = protectionKey;
  #startedUs = 0;

  constructor(places: RtcWatchdogPlaces | undefined) {
    this.#places = places;
  }

  /** When it resets the chip; Infinity while it is off. */
  get biteAtUs(): number {
    const action = (this.#configuration >>> stageShift) & stageMask;
    const isArmed = (this.#configuration & enabled) !== 0 && action >= resetsChip;
    return isArmed ? this.#startedUs + (this.#timeoutCycles / slowClockHz) * 1_000_000 : Infinity;
  }

  /** The chip was reset as a whole, or an application has begun, whose start-up code switches it off. */
  reset(): void {
    this.#configuration = 0;
    this.#timeoutCycles = 0;
    this.#protection = protectionKey;
  }

  /** Undefined for what is no register of it. */
  read(address: number): number | undefined {
    switch (address) {
      case this.#places?.configuration:
        return this.#configuration;
      case this.#places?.timeout:
        return this.#timeoutCycles;
      case this.#places?.protection:
        return this.#protection;
      default:
        return undefined;
    }
  }

  /** False for what is no register of it; a write that the protection forbids is taken and forgotten. */
  write(address: number, value: number, nowUs: number): boolean {
    if (this.read(address) === undefined) return false;
    if (address === this.#places?.protection) this.#protection = value;
    else if (this.#protection === protectionKey) this.#set(address, value, nowUs);
    return true;
  }

  #set(address: number, value: number, nowUs: number): void {
    this.#startedUs = nowUs;
    if (address === this.#places?.timeout) this.#timeoutCycles = value;
    else this.#configuration = value;
  }
}
