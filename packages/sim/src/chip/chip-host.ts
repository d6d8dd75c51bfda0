import type { HostPart, PartChannel } from "../board/host-part.ts";
import type { FlashChip } from "../flash/flash-host.ts";
import type { ChipState } from "../flash/flash-snapshot.ts";
import { chooseBoot, type BootChoice } from "./boot-choice.ts";
import { corruptText, panicText, resetText, type RomReason } from "./boot-texts.ts";
import type { ChipFaults } from "./chip-faults.ts";
import type { ChipFlash } from "./chip-flash.ts";
import type { ChipErase, ChipProgram, ChipSetup, FirmwareFacts } from "./chip-messages.ts";
import type { ChipModel } from "./chip-model.ts";
import type { FlashTiming } from "./flash-timing.ts";
import { RomLoader } from "./rom-loader.ts";
import { RtcWatchdog } from "./rtc-watchdog.ts";

/** What the chip does after a reset. */
export type ChipStart =
  | { readonly kind: "application"; readonly firmware: FirmwareFacts }
  /** The serial loader waits for commands. */
  | { readonly kind: "download"; readonly text: string }
  /** Nothing runs; after `againAfterMs` the chip starts over for `reason`, never when that is undefined. */
  | {
      readonly kind: "stuck";
      readonly text: string;
      readonly again: { readonly afterMs: number; readonly reason: RomReason } | undefined;
    };

/** What a chip is made of. */
export interface ChipOptions {
  readonly model: ChipModel;
  readonly mac: Uint8Array;
  readonly flash: ChipFlash;
  readonly timing: FlashTiming;
  readonly faults: ChipFaults;
  /** What the flash came with, and its name. */
  readonly factory: { readonly name: string; readonly blocks: readonly (Uint8Array | undefined)[] };
}

/** How the loader in a chip's ROM reaches its board. */
export interface LoaderWiring {
  readonly send: (bytes: Uint8Array) => void;
  readonly sleep: (ms: number) => Promise<void>;
  readonly leave: (next: "flash" | "download") => void;
  readonly nowUs: () => number;
  readonly registersWritten: () => void;
}

/** The ROM's watchdog bites after about this long; so does the boot loader give up. */
const startOverMs = { "rom-watchdog": 400, "boot-loader": 50 } as const;
/** How long a crashing application runs, and prints, before its reset. */
const panicMs = 300;

/** What boards start that nobody has written to, by chip and factory; a few entries, as few firmwares as there are. */
const factoryChoices = new Map<string, BootChoice>();

/** The chip of a board beside its interpreter: what its flash holds, what it starts from it, and its serial loader. */
export class ChipHost implements HostPart, FlashChip {
  readonly name = "chip";
  readonly model: ChipModel;
  readonly flash: ChipFlash;
  readonly watchdog: RtcWatchdog;
  readonly #options: ChipOptions;
  #running: Extract<BootChoice, { readonly kind: "application" }> | undefined;
  #changed: () => void = () => {};
  #isConnected = false;

  constructor(options: ChipOptions) {
    this.model = options.model;
    this.flash = options.flash;
    this.watchdog = new RtcWatchdog(options.model.registers.rtcWatchdog);
    this.#options = options;
  }

  /** Calls `changed` after every change of the flash that did not go through its files. */
  onChange(changed: () => void): void {
    this.#changed = changed;
  }

  setup(): ChipSetup {
    const running = this.#running;
    return {
      sizeBytes: this.flash.sizeBytes,
      blocks: this.flash.memory.share(),
      partitions: running?.partitions ?? [],
      running: running?.running.name ?? "",
      viewsInStep: this.flash.viewsInStep,
      chipId: this.model.imageChipId,
    };
  }

  /** A running program has the files: what it finds changed under them, it finds at its next start. */
  settle(): void {
    if (!this.#isConnected) this.flash.settle();
  }

  state(): ChipState {
    const { factory, model } = this.#options;
    const blocks = this.flash.memory.share().flatMap((bytes, index) => {
      return bytes === factory.blocks[index] ? [] : { index, bytes: bytes ?? null };
    });
    const { sizeBytes, changedViews } = this.flash;
    return { model: model.name, sizeBytes, factory: factory.name, blocks, changedViews };
  }

  disconnect(): void {
    this.#isConnected = false;
  }

  connect(channel: PartChannel): void {
    this.#isConnected = true;
    channel.on("chip-program", ({ offset, bytes }: ChipProgram) => {
      this.flash.program(offset, bytes);
      this.#changed();
    });
    channel.on("chip-erase", ({ offset, sizeBytes }: ChipErase) => {
      this.flash.erase(offset, sizeBytes);
      this.#changed();
    });
  }

  /** Whether the pins ask for the serial loader: its strapping pin is held low. */
  start(reason: RomReason, isBootPinLow: boolean): ChipStart {
    if (isBootPinLow) return this.startDownload(reason);
    const opening = resetText(this.model, reason, "flash");
    this.flash.settle();
    const choice = this.#choose();
    if (choice.kind !== "application") {
      this.#running = undefined;
      const again = choice.kind === "starts-over" ? startOver(choice.reason) : undefined;
      return { kind: "stuck", text: opening + choice.text, again };
    }
    this.#running = choice;
    return this.#run(opening + choice.text, choice);
  }

  startDownload(reason: RomReason): ChipStart {
    this.#running = undefined;
    return { kind: "download", text: resetText(this.model, reason, "download") };
  }

  /** The serial loader, from its start. */
  loader(wiring: LoaderWiring): RomLoader {
    const { model, mac, timing, faults } = this.#options;
    const { flash, watchdog } = this;
    const changed = (): void => this.#changed();
    return new RomLoader({
      model,
      mac,
      timing,
      faults,
      watchdog,
      ...wiring,
      flash: {
        sizeBytes: flash.sizeBytes,
        read: (offset, length) => flash.read(offset, length),
        program: (offset, bytes) => (flash.program(offset, bytes), changed()),
        erase: (offset, length) => (flash.erase(offset, length), changed()),
      },
    });
  }

  /** What comes from the factory starts alike on every board; only what was changed is looked at again. */
  #choose(): BootChoice {
    const { name, blocks } = this.#options.factory;
    const key = `${this.model.name} ${name}`;
    const now = this.flash.memory.share();
    // Boot loader, table and OTA data lie in the first block: what was written elsewhere does not change the choice.
    const isFactory =
      blocks[0] !== undefined && blocks.every((block, index) => block === undefined || block === now[index]);
    const known = isFactory ? factoryChoices.get(key) : undefined;
    if (known !== undefined) return known;
    const before = this.flash.version;
    const choice = chooseBoot(this.model, this.flash);
    if (this.flash.version !== before) this.#changed();
    else if (isFactory) factoryChoices.set(key, choice);
    return choice;
  }

  #run(text: string, { firmware }: Extract<BootChoice, { readonly kind: "application" }>): ChipStart {
    if (firmware.behaviour === "crashes") {
      return { kind: "stuck", text: text + panicText, again: { afterMs: panicMs, reason: "hard" } };
    }
    const place = this.flash.fileSystem;
    if (firmware.behaviour === "hangs") return { kind: "stuck", text, again: undefined };
    if (this.flash.isCorrupt && place !== undefined) {
      const sectors = place.sizeBytes / 4096;
      return { kind: "stuck", text: text + corruptText(place.offset / 4096, sectors), again: undefined };
    }
    this.watchdog.reset();
    const { version, absentModules } = firmware;
    const { machine, build } = this.model;
    return { kind: "application", firmware: { version, absentModules, machine, build, romText: text } };
  }
}

function startOver(reason: RomReason): { readonly afterMs: number; readonly reason: RomReason } {
  return { afterMs: reason === "rom-watchdog" ? startOverMs["rom-watchdog"] : startOverMs["boot-loader"], reason };
}
