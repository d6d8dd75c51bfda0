import { createHash } from "node:crypto";
import { encodeAppDescription, encodeEspImage, imageHeader, type ImageSegment } from "@espx/image";
import type { ChipModel } from "./chip-model.ts";
import { encodeTrailer, type FirmwareTrailer } from "./firmware-trailer.ts";

/** What {@link makeApplication} may be told. */
export interface ApplicationOptions extends Partial<FirmwareTrailer> {
  /** Size of the image, about; at least 64 KiB. */
  readonly sizeBytes?: number;
}

/** Version of the interpreter that runs on virtual boards. */
const interpreterVersion = "1.27.0";
const interpreterDate = "Dec  9 2025";

/** As large as what MicroPython has, and small enough for a slot of its 4 MiB layout with two of them. */
const applicationBytes = 1_500_000;

/** SHA-256, as ESP images carry it. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

/** MD5, as partition tables carry it. */
export function md5(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("md5").update(bytes).digest());
}

/**
 * Makes an application that tools take for real: right header, segments at the chip's addresses, checksum, hash and
 * description; it deflates as code does. No chip could run it: the boot loader of the virtual board reads its trailer.
 *
 * The same options make the same bytes.
 */
export function makeApplication(model: ChipModel, options: ApplicationOptions = {}): Uint8Array {
  const { version = interpreterVersion, behaviour = "starts", absentModules = [] } = options;
  const sizeBytes = options.sizeBytes ?? applicationBytes;
  const name = `${model.name} ${version} ${behaviour} ${absentModules.join(",")}`;
  const filler = new CodeLike(name);
  const description = encodeAppDescription({
    secureVersion: 0,
    version: `v${version}`,
    projectName: "micropython",
    time: "12:00:00",
    date: interpreterDate,
    idfVersion: "v5.5.2",
    elfSha256: Buffer.from(sha256(new TextEncoder().encode(name))).toString("hex"),
    minEfuseBlockRevision: 0,
    maxEfuseBlockRevision: 0xffff,
    mmuPageSizeLog2: 0,
  });
  const trailer = encodeTrailer({ version, behaviour, absentModules });
  const ramBytes = 16_384;
  const constantBytes = Math.floor(sizeBytes / 4 / 16) * 16;
  const codeBytes = Math.floor((sizeBytes - constantBytes - 2 * ramBytes) / 16) * 16;
  const { memory } = model;
  const segments: ImageSegment[] = [
    { address: memory.constants + 0x20, data: Buffer.concat([description, filler.take(constantBytes)]) },
    { address: memory.ramData, data: filler.take(ramBytes) },
    { address: memory.code + 0x20, data: filler.take(codeBytes) },
    { address: memory.ramCode, data: Buffer.concat([filler.take(ramBytes), trailer]) },
  ];
  return encodeEspImage({ header: headerOf(model, memory.ramCode), segments }, sha256);
}

/** Makes a boot loader that tools take for real, with the segments whose places a board prints at each start. */
export function makeBootloader(model: ChipModel): Uint8Array {
  const filler = new CodeLike(`${model.name} boot loader`);
  const { segments, entry } = bootloaderPlaces[model.name];
  return encodeEspImage(
    {
      header: headerOf(model, entry),
      segments: segments.map(([address, length]) => ({ address, data: filler.take(length) })),
    },
    sha256,
  );
}

function headerOf(model: ChipModel, entry: number) {
  const [major, minor] = model.name === "esp32" ? [0, 0] : [0, model.name === "esp32c3" ? 3 : 0];
  return imageHeader({
    flashMode: 2,
    flashFrequency: model.name === "esp32" ? 0 : 0xf,
    flashSize: 2,
    entry,
    chipId: model.imageChipId,
    minChipRevision: major * 100 + minor,
    maxChipRevision: model.name === "esp32" ? 399 : 199,
  });
}

/** Addresses and lengths as MicroPython's boards print them. */
const bootloaderPlaces: Readonly<
  Record<ChipModel["name"], { readonly segments: readonly (readonly [number, number])[]; readonly entry: number }>
> = {
  esp32: {
    segments: [
      [0x3fff0030, 4832],
      [0x40078000, 16_460],
      [0x40080400, 4],
      [0x40080404, 3504],
    ],
    entry: 0x400805cc,
  },
  esp32s3: {
    segments: [
      [0x3fce2820, 0x1188],
      [0x403c8700, 0x4],
      [0x403c8704, 0xc10],
      [0x403cb700, 0x2f5c],
    ],
    entry: 0x403c8898,
  },
  esp32c3: {
    segments: [
      [0x3fcd5820, 0x158c],
      [0x403cbf10, 0xc68],
      [0x403ce710, 0x2e4c],
    ],
    entry: 0x403cbf10,
  },
};

/** Of every 16 bytes this many are random: a deflated image then has about the size that code leaves. */
const randomOf16 = 8;

/** Bytes that deflate to somewhat more than half, the same for the same name. */
class CodeLike {
  #state: number;

  constructor(name: string) {
    this.#state = Buffer.from(sha256(new TextEncoder().encode(name))).readUInt32LE(0) | 1;
  }

  take(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at++) bytes[at] = at % 16 < randomOf16 ? this.#next() : at % 16;
    return bytes;
  }

  /** xorshift32 */
  #next(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return (state >>> 11) & 0xff;
  }
}
