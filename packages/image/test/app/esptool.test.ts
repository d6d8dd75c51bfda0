import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  appDescriptionOf,
  chipImageTraits,
  decodeEspImage,
  encodeAppDescription,
  encodeEspImage,
  imageHeader,
  withFlashSettings,
} from "@espx/image";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pythonWith } from "../../../../testsuite/python.ts";
import { SeededRandom } from "../../../../testsuite/fuzz/seeded-random.ts";
import { description } from "./description.ts";

const python = pythonWith("esptool");
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "espx-image-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function esptool(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(python as string, ["-m", "esptool", ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(`esptool ${args.join(" ")} ended with ${status}: ${stdout}${stderr}`);
  return stdout;
}

function application(chipId: number, mapped = 0x3f400020): Uint8Array {
  const random = new SeededRandom(chipId + 1);
  const flash = Buffer.concat([encodeAppDescription(description), random.bytes(3000)]);
  const header = imageHeader({ chipId, entry: 0x40081234, minChipRevision: 3, maxChipRevision: 399 });
  const segments = [
    { address: mapped, data: flash },
    { address: 0x3ffb0000, data: random.bytes(1001) },
    { address: 0x40080000, data: random.bytes(64) },
  ];
  return encodeEspImage({ header, segments }, sha256);
}

describe.skipIf(python === undefined)("beside esptool (needs esptool)", () => {
  test.each([
    { name: "esp32", mapped: 0x3f400020 },
    { name: "esp32s3", mapped: 0x3c000020 },
    { name: "esp32c3", mapped: 0x3c000020 },
  ])("image-info finds an image for $name in order", ({ name, mapped }) => {
    const file = join(folder, `${name}.bin`);
    const { chipId = -1 } = chipImageTraits.find((traits) => traits.name === name) ?? {};
    writeFileSync(file, application(chipId, mapped));
    const info = esptool("image-info", file);
    expect(info).toMatch(/Checksum: 0x[0-9a-f]+ \(valid\)/);
    expect(info).toMatch(/Validation hash: [0-9a-f]+ \(valid\)/);
    expect(info).toContain(`Project name: ${description.projectName}`);
    expect(info).toContain(`App version: ${description.version}`);
    expect(info).toContain(`ELF file SHA256: ${description.elfSha256}`);
    expect(info).toMatch(/Segments: 3|Total of 3/);
  });

  test("what esptool saves is read", () => {
    const file = join(folder, "saved.bin");
    const script = [
      "from esptool.bin_image import ESP32S3FirmwareImage as Image, ELFSection as Section",
      "image = Image(); image.entrypoint = 0x40378000; image.flash_mode = 2; image.flash_size_freq = 0x3f",
      "image.segments = [Section(b'.rodata', 0x3C000020, bytes(range(256)) * 4, 0), Section(b'.data', 0x3FC90000, b'abcde', 0)]",
      `image.save(${JSON.stringify(file)})`,
    ].join("\n");
    expect(spawnSync(python as string, ["-c", script]).status).toBe(0);
    const image = decodeEspImage(readFileSync(file), { sha256 });
    expect(image.header).toMatchObject({
      chipId: 9,
      entry: 0x40378000,
      flashMode: 2,
      flashSize: 3,
      flashFrequency: 0xf,
    });
    expect(image.sizeBytes).toBe(readFileSync(file).length);
    const text = Buffer.concat(image.segments.map(({ data }) => data)).toString("latin1");
    expect(text).toContain("abcde");
  });

  test("flash settings are patched to the byte as esptool's merge-bin does it", () => {
    const [input, output] = [join(folder, "boot.bin"), join(folder, "merged.bin")];
    writeFileSync(input, application(0));
    const settings = ["--flash-mode", "qio", "--flash-freq", "40m", "--flash-size", "8MB"];
    esptool("--chip", "esp32", "merge-bin", "-o", output, ...settings, "0x1000", input);
    const ours = withFlashSettings(application(0), { mode: "qio", frequency: "40m", size: "8MB" }, sha256);
    const theirs = readFileSync(output);
    expect(Buffer.compare(ours, theirs.subarray(theirs.length - ours.length))).toBe(0);
    expect(appDescriptionOf(decodeEspImage(ours, { sha256 }))).toEqual(description);
  });

  test("the table of chips is esptool's", () => {
    const script = [
      "import json; from esptool.targets import CHIP_DEFS as defs",
      "print(json.dumps({n: [c.IMAGE_CHIP_ID, c.BOOTLOADER_FLASH_OFFSET, c.FLASH_FREQUENCY] for n, c in defs.items() if n != 'esp8266'}))",
    ].join("\n");
    const { stdout } = spawnSync(python as string, ["-c", script], { encoding: "utf8" });
    const theirs = JSON.parse(stdout) as Record<string, unknown>;
    for (const { name, chipId, bootloaderOffset, frequencies } of chipImageTraits) {
      expect(theirs[name]).toEqual([chipId, bootloaderOffset, frequencies]);
    }
  });
});
