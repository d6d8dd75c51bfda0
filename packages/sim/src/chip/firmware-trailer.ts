import { ByteReader, ByteWriter } from "@espx/proto";
import type { EspImage } from "@espx/image";

/** What a virtual application does when the boot loader starts it. */
export type FirmwareBehaviour = "starts" | "crashes" | "hangs";

/** What a virtual application says of itself, beyond its application description. */
export interface FirmwareTrailer {
  /** As Python reports it, for example `1.27.0`. */
  readonly version: string;
  readonly behaviour: FirmwareBehaviour;
  /** Modules of the virtual interpreter that this firmware is built without. */
  readonly absentModules: readonly string[];
}

const magic = new TextEncoder().encode("espxvfw1");
const behaviours: readonly string[] = ["starts", "crashes", "hangs"] satisfies FirmwareBehaviour[];

/**
 * Shape: JSON, filled up with blanks, its length (u32), `espxvfw1`: the end of the last segment of a virtual application,
 * a multiple of 4 bytes.
 */
export function encodeTrailer(trailer: FirmwareTrailer): Uint8Array {
  const json = JSON.stringify(trailer);
  const text = new TextEncoder().encode(json + " ".repeat((4 - (json.length % 4)) % 4));
  return new ByteWriter(text.length + 12).bytes(text).u32le(text.length).bytes(magic).take();
}

/** The trailer of an image, or undefined when it is no virtual application. */
export function trailerOf(image: EspImage): FirmwareTrailer | undefined {
  const data = image.segments.at(-1)?.data ?? new Uint8Array();
  if (data.length < 12 || !magic.every((byte, index) => data[data.length - magic.length + index] === byte)) {
    return undefined;
  }
  const length = new ByteReader(data.subarray(-12)).u32le();
  if (length > data.length - 12) return undefined;
  return parseTrailer(new TextDecoder().decode(data.subarray(data.length - 12 - length, data.length - 12)));
}

function parseTrailer(text: string): FirmwareTrailer | undefined {
  let value: Partial<Record<keyof FirmwareTrailer, unknown>>;
  try {
    value = JSON.parse(text) as typeof value;
  } catch {
    return undefined;
  }
  const { version, behaviour, absentModules } = value;
  const isTrailer =
    typeof version === "string" &&
    behaviours.includes(behaviour as string) &&
    Array.isArray(absentModules) &&
    absentModules.every((name) => typeof name === "string");
  return isTrailer
    ? { version, behaviour: behaviour as FirmwareBehaviour, absentModules: absentModules as string[] }
    : undefined;
}
