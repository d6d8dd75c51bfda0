import { readFileSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeEspImage, flashSettingsOf, withFlashSettings } from "@espx/image";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ChipFixture } from "../../sim/test/chip/chip-fixture.ts";
import { flashTools } from "../src/ports/flash-tools.ts";
import { withChip } from "./_chip.ts";
import { firmwareFile, firmwareParts } from "./_firmware.ts";
import { eventsOf, run, type RunOptions, type RunResult, tempFolder } from "./_run.ts";

let folder: Awaited<ReturnType<typeof tempFolder>>;
beforeAll(async () => {
  folder = await tempFolder();
  await put("firmware.bin", firmwareFile("esp32"));
});
afterAll(() => folder[Symbol.asyncDispose]());

/** Puts a file beside the others. */
async function put(name: string, bytes: Uint8Array): Promise<void> {
  await writeFile(join(folder.path, name), bytes);
}

/** Runs `espx flash` on the board of a fixture. */
function flash({ board }: ChipFixture, argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const outside = { openPort: () => Promise.resolve(board.openSerial()), listPorts: () => Promise.resolve([]) };
  const env = { ESPX_STATE_DIR: folder.path };
  return run(["flash", "--port", "sim:board", ...argv], { outside, cwd: folder.path, env, ...options });
}

type Data = Record<string, unknown>;

function dataOf(result: RunResult, kind: string): Data {
  const event = eventsOf(result).find((entry) => entry.kind === kind);
  expect(event, `${kind} in ${result.stdout}`).toBeDefined();
  return event?.data as unknown as Data;
}

const flashOf = ({ board }: ChipFixture): Uint8Array => board.chip.flash.read(0, 0x400000);

test("a blank board gets a firmware, boots it, and is told apart from one that has it already", () =>
  withChip({ blank: true }, async (fixture) => {
    const first = await flash(fixture, ["--image", "firmware.bin"]);
    expect(first.code, first.stderr).toBe(0);
    expect(first.stdout).toMatch(/^sim:board: flashed and verified .* sent, in .*; MicroPython v1\.27\.0/);
    expect(first.stderr).toContain("ESP32-D0WD-V3 (revision 3), 4 MB flash");
    const again = await flash(fixture, ["--image", "firmware.bin", "--json"]);
    expect(again.code).toBe(0);
    expect(dataOf(again, "flashed")).toMatchObject({ writtenBytes: 0, sentBytes: 0, boot: { kind: "micropython" } });
    expect(dataOf(again, "flash-plan")).toMatchObject({ pieces: [] });
  }));

test("of data with one other byte one sector is sent", () =>
  withChip({ blank: true }, async (fixture) => {
    expect((await flash(fixture, ["--image", "firmware.bin"])).code).toBe(0);
    const data = new Uint8Array(0x4000).fill(0x5a);
    await put("data.bin", data);
    expect((await flash(fixture, ["--image", "0x30000:data.bin", "--after", "no-reset"])).code).toBe(0);
    data[0x1234] = 0;
    await put("data.bin", data);
    const result = await flash(fixture, ["--image", "0x30000:data.bin", "--after", "no-reset", "--json"]);
    expect(dataOf(result, "flash-plan")).toMatchObject({
      pieces: [{ kind: "write", address: 0x31000, sizeBytes: 4096 }],
      unchangedBytes: 3 * 4096,
    });
  }));

test("--dry-run shows what is missing and writes nothing", () =>
  withChip({ blank: true }, async (fixture) => {
    const result = await flash(fixture, ["--image", "firmware.bin", "--dry-run", "--json"]);
    expect(result.code).toBe(0);
    expect((dataOf(result, "flash-plan")["pieces"] as unknown[]).length).toBeGreaterThan(0);
    expect(flashOf(fixture).every((byte) => byte === 0xff)).toBe(true);
  }));

test("--trace writes every byte with its time, for its owner alone", () =>
  withChip({}, async (fixture) => {
    const result = await flash(fixture, ["--image", "firmware.bin", "--dry-run", "--trace", "trace.txt"]);
    expect(result.code, result.stderr).toBe(0);
    const text = readFileSync(join(folder.path, "trace.txt"), "utf8");
    expect(statSync(join(folder.path, "trace.txt")).mode & 0o777).toBe(0o600);
    expect(text).toMatch(/^# sim:board\n/);
    // The board may still be saying its banner.
    expect(text).toMatch(/\n +\d+\.\d{6} = 115200 baud\n/);
    expect(text).toMatch(/ = dtr 0 rts 1\n/);
    expect(text).toMatch(/ > +\d+ {2}c0 00 08 24 00 00 00 00 00 07 07 12 20 55/);
    expect(text).toMatch(/ < +\d+ {2}c0 01 08 04 00/);
  }));

describe("the board's files", () => {
  const files = { "/notes.txt": "precious" };

  test("stay where new firmware does not touch them", () =>
    withChip({ files }, async (fixture) => {
      const result = await flash(fixture, ["--image", "firmware.bin"]);
      expect(result.code, result.stderr).toBe(0);
      expect(fixture.board.flash.files().has("/notes.txt")).toBe(true);
    }));

  test("are not erased without a yes", () =>
    withChip({ files }, async (fixture) => {
      const result = await flash(fixture, ["--image", "firmware.bin", "--erase"]);
      expect([result.code, result.stderr]).toEqual([2, expect.stringContaining("(cli/answer-needed)")]);
      expect(fixture.board.flash.files().has("/notes.txt")).toBe(true);
      const agreed = await flash(fixture, ["--image", "firmware.bin", "--erase", "--yes", "--json"]);
      expect(agreed.code, agreed.stdout).toBe(0);
      expect(fixture.board.flash.files().has("/notes.txt")).toBe(false);
    }));

  test("are not overwritten without a yes", () =>
    withChip({ files }, async (fixture) => {
      await put("data.bin", new Uint8Array(5000).fill(1));
      const result = await flash(fixture, ["--image", "0x210000:data.bin"]);
      expect([result.code, result.stderr]).toEqual([2, expect.stringContaining("the board's files are in vfs")]);
      expect(fixture.board.flash.files().has("/notes.txt")).toBe(true);
    }));
});

describe("the boot loader's header", () => {
  /** What it says in flash, its SHA-256 checked. */
  function settingsOf(fixture: ChipFixture): ReturnType<typeof flashSettingsOf> {
    const { header } = decodeEspImage(fixture.board.chip.flash.read(0x1000, 0x7000), { sha256: flashTools.sha256 });
    return flashSettingsOf(header);
  }

  test("is made to fit a chip with less flash than it promises, with the right hash", () =>
    withChip({ blank: true }, async (fixture) => {
      await put("large.bin", withFlashSettings(firmwareFile("esp32"), { size: "16MB" }, flashTools.sha256));
      const result = await flash(fixture, ["--image", "large.bin"]);
      expect(result.code, result.stderr).toBe(0);
      expect(settingsOf(fixture)).toEqual({ mode: "dio", frequency: "40m", size: "4MB" });
    }));

  test("is changed as flags say, with the right hash, and the chip is then known to hold it", () =>
    withChip({ blank: true }, async (fixture) => {
      const argv = ["--image", "firmware.bin", "--flash-mode", "qio", "--flash-freq", "80m", "--flash-size", "2MB"];
      expect((await flash(fixture, argv)).code).toBe(0);
      expect(settingsOf(fixture)).toEqual({ mode: "qio", frequency: "80m", size: "2MB" });
      expect(dataOf(await flash(fixture, [...argv, "--json"]), "flashed")).toMatchObject({ writtenBytes: 0 });
    }));

  test("takes no setting that the chip does not have", () =>
    withChip({ blank: true }, async (fixture) => {
      const result = await flash(fixture, ["--image", "firmware.bin", "--flash-freq", "99m"]);
      expect([result.code, result.stderr]).toEqual([
        2,
        expect.stringContaining("flash frequency is 99m, expected 80m, 40m"),
      ]);
      expect(flashOf(fixture).every((byte) => byte === 0xff)).toBe(true);
    }));
});

describe("an address", () => {
  test("is told from the only partition that an application can go to", () =>
    withChip({}, async (fixture) => {
      await put("app.bin", firmwareParts("esp32").application);
      const result = await flash(fixture, ["--image", "app.bin", "--dry-run", "--json"]);
      expect(dataOf(result, "flash-plan")).toMatchObject({ files: [{ file: "app.bin", address: 0x10000 }] });
    }));

  test("is asked for where an application may go to two, and a person answers", () =>
    withChip({ layout: "ota" }, async (fixture) => {
      await put("app.bin", firmwareParts("esp32").application);
      const alone = await flash(fixture, ["--image", "app.bin", "--dry-run"]);
      expect(alone.code).toBe(2);
      expect(alone.stderr).toContain("0x10000 (ota_0), 0x190000 (ota_1)");
      expect(alone.stderr).toContain("--image 0x10000:app.bin");
      const terminal = { interactive: true, input: process.stdin, ask: () => Promise.resolve("0x190000") };
      const asked = await flash(fixture, ["--image", "app.bin", "--dry-run", "--json"], { terminal });
      expect(dataOf(asked, "flash-plan")).toMatchObject({ files: [{ address: 0x190000 }] });
    }));
});

describe("is refused before anything is erased:", () => {
  /** What a flash ends with, and whether it left the chip as it was. */
  function attempt(...argv: readonly string[]): Promise<{ exit: number; says: string; untouched: boolean }> {
    return withChip({}, async (fixture) => {
      const before = flashOf(fixture);
      const { code, stderr } = await flash(fixture, argv);
      return { exit: code, says: stderr, untouched: Buffer.compare(flashOf(fixture), before) === 0 };
    });
  }

  /** The end of a run that was refused with `code`. */
  function refusal(code: string, exit: number, says: RegExp): Record<string, unknown> {
    const text = new RegExp(`${says.source}.*\\(${code}\\)`, "s");
    return { exit, says: expect.stringMatching(text), untouched: true };
  }

  test("an image for another chip", async () => {
    await put("s3.bin", firmwareFile("esp32s3"));
    expect(await attempt("--image", "s3.bin")).toEqual(
      refusal("flash/image-chip", 10, /s3\.bin is made for esp32s3, the chip is an ESP32/),
    );
  });

  test("a chip that is not the one that was asked for", async () => {
    expect(await attempt("--image", "firmware.bin", "--chip", "esp32c3")).toEqual(
      refusal("flash/wrong-chip", 10, /an ESP32, not the esp32c3/),
    );
  });

  test("an image for a newer revision", async () => {
    const app = firmwareParts("esp32").application.slice();
    app[15] = 400 & 0xff;
    app[16] = 400 >> 8;
    app[23] = 0;
    await put("new.bin", app);
    expect(await attempt("--image", "new.bin")).toEqual(
      refusal("flash/image-revision", 10, /revisions 4\.0 to .*has 3\.1/),
    );
  });

  test("a truncated image", async () => {
    await put("cut.bin", firmwareFile("esp32").subarray(0, 0x18000));
    expect(await attempt("--image", "cut.bin")).toEqual(
      refusal("image/app-segment-outside", 11, /cut\.bin: .*cut short/s),
    );
  });

  test("an image with a broken checksum", async () => {
    const app = firmwareParts("esp32").application.slice();
    app[23] = 0;
    app[0x1000] = (app[0x1000] as number) ^ 1;
    await put("bad.bin", app);
    expect(await attempt("--image", "0x10000:bad.bin")).toEqual(refusal("image/app-bad-checksum", 11, /bad\.bin/));
  });

  test("an image with a broken hash", async () => {
    const bytes = firmwareFile("esp32");
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
    await put("bad.bin", bytes);
    expect(await attempt("--image", "bad.bin")).toEqual(refusal("image/app-bad-hash", 11, /bad\.bin/));
  });

  test("an image that is too large for its partition", async () => {
    const { makeApplication, chipModels } = await import("@espx/sim");
    const app = makeApplication(chipModels.esp32, { sizeBytes: 0x1f0000 + 65_536 });
    await put("large.bin", app);
    expect(await attempt("--image", "large.bin")).toEqual(
      refusal("flash/too-large-for-partition", 10, /partition factory has 2031616/),
    );
  });

  test("data that is too large for the flash", async () => {
    await put("data.bin", new Uint8Array(8192));
    expect(await attempt("--image", "0x3ff000:data.bin", "--yes")).toEqual(
      refusal("flash/too-large", 10, /the flash has 4 MiB/),
    );
  });

  test("an application where none is ever started", async () => {
    await put("app.bin", firmwareParts("esp32").application);
    expect(await attempt("--image", "0x20000:app.bin")).toEqual(
      refusal("flash/no-partition", 10, /0x10000 \(factory\)/),
    );
  });

  test("two files for one place", async () => {
    expect(await attempt("-i", "firmware.bin", "-i", "0x10000:app.bin")).toEqual(
      refusal("flash/overlap", 2, /into the sectors of app\.bin/),
    );
  });

  test("data without an address", async () => {
    await put("page.html", new TextEncoder().encode("<html>not found</html>"));
    expect(await attempt("--image", "page.html")).toEqual(
      refusal("image/file-unknown", 11, /page\.html: the file is a web page/),
    );
  });
});
