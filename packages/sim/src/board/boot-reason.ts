import type { Clock, ResetCause } from "@espx/proto";
import type { SimAssets } from "../assets.ts";
import type { RomReason } from "../chip/boot-texts.ts";
import type { ChipHost } from "../chip/chip-host.ts";
import type { FirmwareFacts } from "../chip/chip-messages.ts";
import type { BootImage } from "../worker/start-data.ts";
import type { BoardParts } from "./board-parts.ts";
import type { SessionStart, StampedMessage } from "./board-session.ts";
import type { OutsideLevel } from "./wake-source.ts";
import type { RtcHost } from "./rtc-host.ts";
import type { WorldTurns } from "./world-turns.ts";

/** What a board must know of its world. */
export interface BoardWorld {
  readonly mode: "real" | "virtual";
  /** When it began: ms since 1970. */
  readonly beganMs: number;
  readonly seed: number;
  /** Virtual time: who runs when. */
  readonly turns: WorldTurns | undefined;
  readonly clock: Clock;
  nowUs(): number;
}

/** The chip that the power is for. */
export interface PoweredChip {
  readonly assets: SimAssets;
  readonly world: BoardWorld;
  readonly parts: BoardParts;
  readonly chip: ChipHost;
  /** Whether the pin that chooses the boot mode is held low. */
  readonly isBootPinLow: () => boolean;
  /** What drives a pin from outside. */
  readonly outsideLevel: OutsideLevel;
  /** A reset of the whole chip takes its own USB off the bus. */
  readonly leaveUsb: () => void;
  /** Bytes that came over the line are gone: no program takes them. */
  readonly taken: (bytes: number) => void;
  /** Puts on the serial line what comes from ROM and boot loader. */
  readonly print: (bytes: Uint8Array, atMs: number) => void;
  readonly rtc: RtcHost;
  readonly heapBytes: number;
  readonly mac: Uint8Array;
}

/** How a boot differs from the one before. */
export interface BootReason {
  readonly cause: ResetCause;
  /** What the ROM calls it, where Python sees no difference. */
  readonly romReason?: RomReason;
  readonly atUs: number;
  readonly rawRepl?: boolean;
  /** What `machine.wake_reason()` answers. */
  readonly wakeReason?: number;
  /** Whether the boot pin was low when power came or EN rose; undefined at other resets, which do not look. */
  readonly isBootPinLow?: boolean;
  /** An armed watchdog outlives a soft reset. */
  readonly watchdogUs?: number | undefined;
}

/** What the worker of a boot is started with. */
export function sessionStart(
  { world, parts, heapBytes, mac, assets }: PoweredChip,
  { cause, atUs, wakeReason = 0, rawRepl = false }: BootReason,
  boot: { readonly number: number; readonly chipStartUs: number; readonly firmware: FirmwareFacts },
): SessionStart {
  return {
    heapBytes,
    image: assets.images.get(heapBytes),
    mode: world.mode,
    beganMs: world.beganMs,
    startUs: atUs,
    seed: bootSeed(world.seed, mac, boot.number),
    setups: parts.setups(),
    boot: { cause, wakeReason, rawRepl, mac, chipStartUs: boot.chipStartUs, firmware: boot.firmware },
  };
}

/** Takes the image that a first boot leaves to later ones; false for any other message. */
export function keepImage({ assets, heapBytes }: PoweredChip, message: StampedMessage): boolean {
  if (message.type !== "image") return false;
  assets.images.set(heapBytes, (message as StampedMessage & { readonly image: BootImage }).image);
  return true;
}

/** Another one for each board and each boot of it, the same in each run. */
function bootSeed(seed: number, mac: Uint8Array, boot: number): number {
  return [seed, ...mac, boot].reduce((mixed, part) => Math.imul(mixed ^ part, 0x01000193) >>> 0, 0x811c9dc5);
}
