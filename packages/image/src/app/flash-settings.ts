import { ProtocolError } from "@espx/proto";
import { chipOfId } from "./chips.ts";
import type { ImageHeader } from "./header.ts";
import { type Digest, decodeEspImage } from "./image.ts";

/** How a chip talks to its flash, in esptool's words. Names, since a code means another clock on another chip. */
export interface FlashSettings {
  /** `qio`, `qout`, `dio` or `dout`. */
  readonly mode: string;
  /** For example `80m`. */
  readonly frequency: string;
  /** `1MB` to `128MB`. */
  readonly size: string;
}

const modes = ["qio", "qout", "dio", "dout"];
const sizes = ["1MB", "2MB", "4MB", "8MB", "16MB", "32MB", "64MB", "128MB"];

/** The settings of a header in words; a code without a meaning becomes `0x…`. */
export function flashSettingsOf(header: ImageHeader): FlashSettings {
  const frequencies = Object.entries(chipOfId(header.chipId)?.frequencies ?? {});
  return {
    mode: modes[header.flashMode] ?? hex(header.flashMode),
    frequency: frequencies.find(([, code]) => code === header.flashFrequency)?.[0] ?? hex(header.flashFrequency),
    size: sizes[header.flashSize] ?? hex(header.flashSize),
  };
}

/**
 * The same image for other flash: header changed, SHA-256 computed anew, all else and what follows unchanged.
 *
 * An image whose hash was wrong before is refused, since a new one would hide that.
 * @param wanted - what to change
 * @throws ProtocolError `image/app-bad-value` for a setting that the image's chip does not have, and as `decodeEspImage`
 * @source esptool docs, "write-flash", flash modes
 */
export function withFlashSettings(bytes: Uint8Array, wanted: Partial<FlashSettings>, sha256: Digest): Uint8Array {
  const { header, hash, hashedSizeBytes } = decodeEspImage(bytes, { sha256 });
  const mode = code(wanted.mode, modes, header.flashMode, "flash mode");
  const size = code(wanted.size, sizes, header.flashSize, "flash size");
  const frequency = frequencyCode(wanted.frequency, header);
  const changed = bytes.slice();
  changed[2] = mode;
  changed[3] = (size << 4) | frequency;
  if (hash !== null) changed.set(sha256(changed.subarray(0, hashedSizeBytes)), hashedSizeBytes);
  return changed;
}

function code(wanted: string | undefined, names: readonly string[], present: number, what: string): number {
  if (wanted === undefined) return present;
  const index = names.indexOf(wanted);
  if (index < 0) throw unknown(what, wanted, names);
  return index;
}

function frequencyCode(wanted: string | undefined, header: ImageHeader): number {
  if (wanted === undefined) return header.flashFrequency;
  const frequencies = chipOfId(header.chipId)?.frequencies ?? {};
  const found = frequencies[wanted];
  if (found === undefined) throw unknown("flash frequency", wanted, Object.keys(frequencies));
  return found;
}

function unknown(what: string, wanted: string, names: readonly string[]): ProtocolError {
  return new ProtocolError("image/app-bad-value", `${what} is ${wanted}, expected ${names.join(", ")}`);
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
