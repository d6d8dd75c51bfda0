import type { ChipStart } from "../chip/chip-host.ts";
import type { RomReason } from "../chip/boot-texts.ts";
import type { RomLoader } from "../chip/rom-loader.ts";
import type { PoweredChip } from "./boot-reason.ts";

/** Rate at which the ROM prints. */
const bootBaudRate = 115_200;

/** What happens next to a chip without a program: it starts over by itself, or because the loader was told to. */
export interface BareChipEvents {
  /** `download`: with the boot pin as it was at the last reset. */
  again(reason: RomReason, next: "flash" | "download", atUs: number): void;
  /** The RTC watchdog resets all of the chip. */
  bitten(atUs: number): void;
}

/** A chip with power that runs no program: its serial loader waits, or what is in flash cannot be started. */
export class BareChip {
  readonly #chip: PoweredChip;
  readonly #events: BareChipEvents;
  readonly #loader: RomLoader | undefined;
  readonly #again: { readonly atUs: number; readonly reason: RomReason } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(
    chip: PoweredChip,
    start: Exclude<ChipStart, { readonly kind: "application" }>,
    atUs: number,
    events: BareChipEvents,
  ) {
    this.#chip = chip;
    this.#events = events;
    if (start.kind === "download") this.#loader = this.#newLoader();
    else if (start.again !== undefined)
      this.#again = { atUs: atUs + start.again.afterMs * 1000, reason: start.again.reason };
    this.#print(new TextEncoder().encode(start.text), atUs);
    this.#setTimer();
  }

  /** When it starts over by itself; Infinity when it does not. */
  get againAtUs(): number {
    return this.#isOver ? Infinity : Math.min(this.#again?.atUs ?? Infinity, this.#chip.chip.watchdog.biteAtUs);
  }

  startAgain(): void {
    const { biteAtUs } = this.#chip.chip.watchdog;
    if (biteAtUs < (this.#again?.atUs ?? Infinity)) this.#bite(biteAtUs);
    else if (this.#again !== undefined) this.#end(this.#again.reason, "flash", this.#again.atUs);
  }

  /** Rate of its serial line; undefined follows the host's. */
  get lineBaud(): number | undefined {
    return this.#loader === undefined ? bootBaudRate : this.#loader.lineBaud;
  }

  /** Takes what comes over the serial line. */
  feed(bytes: Uint8Array): void {
    if (this.#loader === undefined) return;
    this.#loader.feed(bytes);
    this.#chip.world.turns?.keepBusy(this.#loader.idle());
  }

  /** Resolves when the loader has done all that it was told so far. */
  async idle(): Promise<void> {
    await this.#loader?.idle();
  }

  close(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#loader?.close();
  }

  #newLoader(): RomLoader {
    const { chip, world } = this.#chip;
    return chip.loader({
      send: (bytes) => this.#print(bytes, world.nowUs()),
      // In virtual time nobody else moves the clock while the loader works: a busy flash takes none.
      sleep: (ms) => (world.mode === "real" ? new Promise((resolve) => setTimeout(resolve, ms)) : Promise.resolve()),
      leave: (next) => this.#end("hard", next, world.nowUs()),
      nowUs: () => world.nowUs(),
      registersWritten: () => this.#setTimer(),
    });
  }

  #setTimer(): void {
    const { world } = this.#chip;
    clearTimeout(this.#timer);
    if (world.mode !== "real" || this.againAtUs === Infinity) return;
    this.#timer = setTimeout(() => this.startAgain(), Math.max(0, (this.againAtUs - world.nowUs()) / 1000));
  }

  #bite(atUs: number): void {
    if (this.#isOver) return;
    this.close();
    this.#events.bitten(atUs);
  }

  #end(reason: RomReason, next: "flash" | "download", atUs: number): void {
    if (this.#isOver) return;
    this.close();
    this.#events.again(reason, next, atUs);
  }

  #print(bytes: Uint8Array, atUs: number): void {
    if (!this.#isOver) this.#chip.print(bytes, atUs / 1000);
  }
}
