import {
  type AppDescription,
  type EspImage,
  type FlashSettings,
  type ImageHeader,
  appDescriptionOf,
  chipOfName,
  decodeEspImage,
  encodeAppDescription,
  encodeEspImage,
  flashSettingsOf,
  imageHeader,
  withFlashSettings,
} from "@espx/image";
import { formatHex, parseHex } from "@espx/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { outcomesOf } from "../../../../testsuite/fuzz/mutation.ts";
import { codeOf, sha256, vectors } from "../vectors.ts";
import { description } from "./description.ts";

interface Value {
  readonly header: ImageHeader;
  readonly segments: readonly { readonly address: number; readonly offset: number; readonly hex: string }[];
  readonly sizeBytes: number;
  readonly description: AppDescription | null;
  readonly settings: FlashSettings;
}
interface Case {
  readonly name: string;
  readonly hex: string;
  readonly value?: Value;
  readonly error?: string;
}

const cases = vectors<Case>("app-image");
const good = cases.filter(({ value }) => value !== undefined);

function plain(image: EspImage): Omit<Value, "settings"> {
  const segments = image.segments.map(({ address, offset, data }) => ({ address, offset, hex: formatHex(data) }));
  let found: AppDescription | null = null;
  if (segments.some(({ hex }) => hex.startsWith("3254cdab"))) found = appDescriptionOf(image);
  return { header: image.header, segments, sizeBytes: image.sizeBytes, description: found };
}

describe("application image", () => {
  for (const { name, hex, error } of cases.filter((each) => each.error !== undefined)) {
    test(`${name} is refused as ${error}`, () =>
      expect(codeOf(() => decodeEspImage(parseHex(hex), { sha256 }))).toBe(error));
  }

  for (const { name, hex, value } of good) {
    test(`${name} reads as its vector says`, () => {
      const image = decodeEspImage(parseHex(hex), { sha256 });
      expect({ ...plain(image), settings: flashSettingsOf(image.header) }).toEqual(value);
    });
    test(`${name} is written as its vector says`, () => {
      const { header, segments, sizeBytes } = value as Value;
      const parts = segments.map(({ address, hex: data }) => ({ address, data: parseHex(data) }));
      expect(formatHex(encodeEspImage({ header, segments: parts }, sha256))).toBe(hex.slice(0, 2 * sizeBytes));
    });
  }

  test("without a hash function the hash is handed out unchecked", () => {
    const bytes = parseHex(good[0]?.hex ?? "");
    bytes[2] = 0;
    const image = decodeEspImage(bytes);
    expect(image.hash).toEqual(bytes.slice(image.hashedSizeBytes));
    expect(image.hash).not.toEqual(sha256(bytes.subarray(0, image.hashedSizeBytes)));
  });

  test("an image without a description says so", () => {
    const image = decodeEspImage(parseHex(good[1]?.hex ?? ""), { sha256 });
    expect(codeOf(() => appDescriptionOf(image))).toBe("image/app-no-description");
  });

  test("more than sixteen segments are not built", () => {
    const segments = Array.from({ length: 17 }, () => ({ address: 0, data: new Uint8Array(4) }));
    expect(codeOf(() => encodeEspImage({ header: imageHeader({}), segments }, sha256))).toBe("image/app-unfit");
  });

  test("what was encoded decodes to the same header, segments padded to words", () => {
    const segment = fc.record({ address: fc.nat(0xffffffff), data: fc.uint8Array({ maxLength: 90 }) });
    const header = fc.record({
      chipId: fc.nat(65535),
      entry: fc.nat(0xffffffff),
      flashMode: fc.nat(255),
      hasHash: fc.boolean(),
    });
    fc.assert(
      fc.property(header, fc.array(segment, { maxLength: 16 }), (fields, segments) => {
        const bytes = encodeEspImage({ header: imageHeader(fields), segments }, sha256);
        const image = decodeEspImage(bytes, { sha256 });
        expect(image.header).toEqual(imageHeader(fields));
        expect(image.sizeBytes).toBe(bytes.length);
        for (const [index, { address, data }] of segments.entries()) {
          const read = image.segments[index];
          expect(read?.address).toBe(address);
          expect(read?.data.subarray(0, data.length)).toEqual(data);
          expect(read?.data.length).toBe(Math.ceil(data.length / 4) * 4);
        }
      }),
    );
  });

  test("hostile bytes are refused as the protocol says", () => {
    const samples = good.map(({ hex }) => parseHex(hex));
    const all = new Set(["value", "ProtocolError"]);
    expect(outcomesOf((bytes) => decodeEspImage(bytes, { sha256 }), samples, 2000)).toEqual(all);
    expect(outcomesOf((bytes) => appDescriptionOf(decodeEspImage(bytes)), samples, 2000)).toEqual(all);
  });
});

describe("flash settings", () => {
  const bytes = parseHex(good[0]?.hex ?? "");

  test("are changed in the header, and the hash with them", () => {
    const changed = withFlashSettings(bytes, { mode: "qio", frequency: "26m", size: "16MB" }, sha256);
    const image = decodeEspImage(changed, { sha256 });
    expect(flashSettingsOf(image.header)).toEqual({ mode: "qio", frequency: "26m", size: "16MB" });
    expect(changed.subarray(4, image.hashedSizeBytes)).toEqual(bytes.subarray(4, image.hashedSizeBytes));
  });

  test("that are not named stay, and so does what follows the image", () => {
    const padded = new Uint8Array(bytes.length + 5).fill(0x77);
    padded.set(bytes);
    expect(withFlashSettings(padded, {}, sha256)).toEqual(padded);
  });

  test("are not put into an image whose hash was wrong before", () => {
    const broken = bytes.slice();
    broken[4] = 1;
    expect(codeOf(() => withFlashSettings(broken, { size: "8MB" }, sha256))).toBe("image/app-bad-hash");
  });

  test("that the chip does not have are refused", () => {
    const wanted: readonly Partial<FlashSettings>[] = [{ frequency: "60m" }, { mode: "octal" }, { size: "3MB" }];
    for (const settings of wanted)
      expect(codeOf(() => withFlashSettings(bytes, settings, sha256))).toBe("image/app-bad-value");
  });

  test("without a name are shown as numbers", () => {
    const header = imageHeader({ chipId: 999, flashMode: 9, flashFrequency: 4, flashSize: 12 });
    expect(flashSettingsOf(header)).toEqual({ mode: "0x9", frequency: "0x4", size: "0xc" });
  });
});

test("a description decodes to what was encoded, texts cut to their fields", () => {
  const long = { ...description, version: "v".repeat(40), time: "1".repeat(20) };
  const data = encodeAppDescription(long);
  const image = decodeEspImage(encodeEspImage({ header: imageHeader({}), segments: [{ address: 0, data }] }, sha256));
  expect(appDescriptionOf(image)).toEqual({ ...long, version: "v".repeat(31), time: "1".repeat(15) });
});

test("boot loaders lie where each chip's ROM looks for them", () => {
  const offsets = ["esp32", "esp32s3", "esp32c3", "esp32p4"].map((name) => chipOfName(name)?.bootloaderOffset);
  expect(offsets).toEqual([0x1000, 0, 0, 0x2000]);
});
