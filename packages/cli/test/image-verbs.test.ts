import { spawnSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { pythonWith } from "../../../testsuite/python.ts";
import type { EventData } from "../src/events.ts";
import { firmwareFile, firmwareParts } from "./_firmware.ts";
import { eventsOf, run, tempFolder } from "./_run.ts";

/** esptool gives the place of a segment's header, espx that of its data. */
const SEGMENT_HEADER = 8;

type Files = Readonly<Record<string, Uint8Array | string>>;

async function folderWith(files: Files): ReturnType<typeof tempFolder> {
  const folder = await tempFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder.path, name), content);
  return folder;
}

const dataOf = (result: Parameters<typeof eventsOf>[0], kind: string): readonly EventData<"image">[] =>
  eventsOf(result)
    .filter((event) => event.kind === kind)
    .map(({ data }) => data);

describe("espx image-info", () => {
  test.each(["image", "image-info", "image_info"])(
    "espx %s shows every image of a merged firmware and its table",
    async (verb) => {
      await using folder = await folderWith({ "fw.bin": firmwareFile("esp32", { layout: "ota" }) });
      const { code, stdout, stderr } = await run([verb, "fw.bin"], { cwd: folder.path });
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toContain("fw.bin: boot loader at 0x1000\n");
      expect(stdout).toContain("fw.bin: application at 0x10000 (ota_0)\n");
      expect(stdout).toMatch(/ {2}application {2}micropython v1\.27\.0, built \w/);
      expect(stdout).toMatch(/ {2}chip {9}esp32, revision 0\.0 to 3\.99\n/);
      expect(stdout).toMatch(/ {2}SHA-256 {6}[0-9a-f]{64}, valid\n/);
      expect(stdout).toContain("firmware can come over the air: 2 slots, images up to 1572864 bytes\n");
    },
  );

  test("what does not fit is shown, and ends with exit code 11", async () => {
    const { application } = firmwareParts("esp32c3");
    application[5000] = (application[5000] ?? 0) ^ 1;
    await using folder = await folderWith({ "app.bin": application });
    const { code, stdout, stderr } = await run(["image-info", "app.bin"], { cwd: folder.path });
    expect(code).toBe(11);
    expect(stdout).toMatch(/checksum {5}0x[0-9a-f]{2}, does not fit\n/);
    expect(stdout).toMatch(/SHA-256 {6}[0-9a-f]{64}, does not fit\n/);
    expect(stderr).toMatch(
      /^espx image-info: checksum is 0x.., expected 0x..\n {2}do this: .+\n {2}\(image\/app-bad-checksum\)\n$/,
    );
  });

  const wrong: readonly (readonly [string, Files, string, number, string])[] = [
    ["a file that is not there", {}, "x.bin", 4, "cannot read x.bin"],
    ["an empty file", { "x.bin": "" }, "x.bin", 11, "the file is empty"],
    ["a web page", { "x.bin": "<html>" }, "x.bin", 11, "the file is a web page"],
    [
      "an image that was cut short",
      { "x.bin": firmwareParts("esp32").application.subarray(0, 70_000) },
      "x.bin",
      11,
      "segment",
    ],
  ];
  test.each(wrong)("%s is refused", async (_, files, name, exit, message) => {
    await using folder = await folderWith(files);
    const { code, stdout, stderr } = await run(["image-info", name], { cwd: folder.path });
    expect([code, stdout]).toEqual([exit, ""]);
    expect(stderr).toContain(`espx image-info: ${message}`);
    expect(stderr).toContain("do this: ");
  });

  test.skipIf(pythonWith("esptool") === undefined)("says of an image what esptool says (needs esptool)", async () => {
    for (const chip of ["esp32", "esp32s3", "esp32c3"] as const) {
      const { application } = firmwareParts(chip);
      await using folder = await folderWith({ "app.bin": application });
      const theirs = spawnSync(
        pythonWith("esptool") as string,
        ["-m", "esptool", "image-info", join(folder.path, "app.bin")],
        {
          encoding: "utf8",
          env: { ...process.env, COLUMNS: "200" },
        },
      ).stdout;
      const [ours] = dataOf(await run(["image-info", "app.bin", "--json"], { cwd: folder.path }), "image");
      if (ours === undefined) throw new Error("no image event came");
      const field = (label: string): string => new RegExp(`${label}: +(.+)`).exec(theirs)?.[1]?.trim() ?? `no ${label}`;
      expect(field("Detected image type").toLowerCase().replaceAll("-", "")).toBe(ours.chip);
      expect(Number(field("Entry point"))).toBe(ours.entry);
      expect(field("Flash size")).toBe(ours.flash.size);
      expect(field("Flash freq")).toBe(ours.flash.frequency);
      expect(field("Flash mode").toLowerCase()).toBe(ours.flash.mode);
      expect(field("Minimal chip revision")).toContain(
        `v${Math.floor(ours.minRevision / 100)}.${ours.minRevision % 100}`,
      );
      expect(field("Maximal chip revision")).toContain(
        `v${Math.floor((ours.maxRevision ?? 0) / 100)}.${(ours.maxRevision ?? 0) % 100}`,
      );
      expect(field("Checksum")).toBe(`0x${ours.checksum.value.toString(16).padStart(2, "0")} (valid)`);
      expect(field("Validation hash")).toBe(`${ours.sha256?.value} (valid)`);
      expect(field("Project name")).toBe(ours.application?.name);
      expect(field("App version")).toBe(ours.application?.version);
      expect(field("ESP-IDF")).toBe(ours.application?.idfVersion);
      const segments = [...theirs.matchAll(/^ +\d+ +(0x[0-9a-f]+) +(0x[0-9a-f]+) +(0x[0-9a-f]+)/gm)].map((match) =>
        match.slice(1).map(Number),
      );
      expect(segments).toEqual(
        ours.segments.map(({ address, offset, sizeBytes }) => [sizeBytes, address, offset - SEGMENT_HEADER]),
      );
    }
  });
});

describe("espx merge-bin", () => {
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ["three files", [], []],
    ["three files from the boot loader on", ["--offset", "0x1000"], ["--target-offset", "0x1000"]],
    ["three files, filled up", ["--fill", "4MB"], ["--pad-to-size", "4MB"]],
    [
      "other flash settings",
      ["--flash-mode", "qio", "--flash-freq", "80m", "--flash-size", "8MB"],
      ["--flash-mode", "qio", "--flash-freq", "80m", "--flash-size", "8MB"],
    ],
  ];
  test.skipIf(pythonWith("esptool") === undefined).each(cases)(
    "%s give the bytes that esptool gives (needs esptool)",
    async (_, flags, theirFlags) => {
      const { bootLoader, table, application } = firmwareParts("esp32");
      await using folder = await folderWith({ "boot.bin": bootLoader, "table.bin": table, "app.bin": application });
      const files = ["0x1000", "boot.bin", "0x10000", "app.bin", "0x8000", "table.bin"];
      const ours = await run(["merge-bin", "--output", "ours.bin", ...flags, ...files], { cwd: folder.path });
      expect([ours.code, ours.stderr]).toEqual([0, ""]);
      const theirs = spawnSync(
        pythonWith("esptool") as string,
        ["-m", "esptool", "--chip", "esp32", "merge-bin", "-o", "theirs.bin", ...theirFlags, ...files],
        { cwd: folder.path, encoding: "utf8" },
      );
      expect(theirs.status, theirs.stdout + theirs.stderr).toBe(0);
      const [a, b] = ["ours.bin", "theirs.bin"].map((name) => readFileSync(join(folder.path, name)));
      expect(Buffer.compare(a as Buffer, b as Buffer)).toBe(0);
      expect(statSync(join(folder.path, "ours.bin")).mode & 0o077).not.toBe(0);
    },
  );

  test("ADDRESS:FILE is the same as ADDRESS FILE", async () => {
    await using folder = await folderWith({ "a.bin": "abcd", "b.bin": "ef" });
    const { code, stdout } = await run(["merge-bin", "-o", "m.bin", "0x2:a.bin", "8", "b.bin"], { cwd: folder.path });
    expect([code, stdout]).toEqual([0, "m.bin  10 B\n"]);
    expect(readFileSync(join(folder.path, "m.bin"), "latin1")).toBe("\xff\xffabcd\xff\xffef");
  });

  test("flash settings without a boot loader to change are said to have changed nothing", async () => {
    await using folder = await folderWith({ "app.bin": firmwareParts("esp32").application });
    const { code, stderr } = await run(["merge-bin", "-o", "m.bin", "--flash-mode", "qio", "0x10000", "app.bin"], {
      cwd: folder.path,
    });
    expect([code, stderr]).toEqual([
      0,
      "warning: no boot loader is among the files, so no flash settings were changed\n",
    ]);
  });

  const wrong: readonly (readonly [string, readonly string[], number, string])[] = [
    ["no --output", ["0x0", "a.bin"], 2, "it is not said where the merged file goes"],
    ["an address without a file", ["-o", "m.bin", "0x0", "a.bin", "0x10"], 2, "no file stands behind the address 0x10"],
    [
      "an address that is none",
      ["-o", "m.bin", "here", "a.bin"],
      2,
      'the address must be a number such as 0x10000, 64K or 4MB, got "here"',
    ],
    ["an address that is too high", ["-o", "m.bin", "0x100000000", "a.bin"], 2, "the address must be a number"],
    [
      "files that overlap",
      ["-o", "m.bin", "0x0", "a.bin", "0x2", "b.bin"],
      10,
      "b.bin goes to 0x2, where a.bin (0x0..0x4) still is",
    ],
    [
      "an output that is an input",
      ["-o", "./a.bin", "0x0", "a.bin"],
      2,
      "./a.bin would be written over one of the files to be merged",
    ],
    [
      "a flash that is too small",
      ["-o", "m.bin", "--fill", "2", "0x0", "a.bin"],
      10,
      "a.bin ends at 0x4, behind the end of the merged file at 0x2",
    ],
    ["an output in no folder", ["-o", "no/m.bin", "0x0", "a.bin"], 3, "cannot write no/m.bin"],
  ];
  test.each(wrong)("%s is refused, and nothing is written", async (_, words, exit, message) => {
    await using folder = await folderWith({ "a.bin": "abcd", "b.bin": "ef" });
    const { code, stdout, stderr } = await run(["merge-bin", ...words], { cwd: folder.path });
    expect([code, stdout]).toEqual([exit, ""]);
    expect(stderr).toContain(`espx merge-bin: ${message}`);
    expect(readFileSync(join(folder.path, "a.bin"), "latin1")).toBe("abcd");
  });
});

describe("espx partitions", () => {
  const csv =
    "# Name, Type, SubType, Offset, Size, Flags\nnvs, data, nvs, 0x9000, 0x6000,\nfactory, app, factory, 0x10000, 0x1f0000, encrypted\n";

  test("a firmware's table is shown, with what it means for updates", async () => {
    await using folder = await folderWith({ "fw.bin": firmwareFile("esp32s3") });
    expect(await run(["partitions", "fw.bin"], { cwd: folder.path })).toEqual({
      code: 0,
      stderr: "",
      stdout: [
        "name      type  subtype   offset      size           flags  content",
        "nvs       data  nvs       0x9000    0x6000  24.0 KB",
        "phy_init  data  phy       0xf000    0x1000   4.0 KB",
        "factory   app   factory  0x10000  0x1f0000  1.94 MB         micropython v1.27.0",
        "firmware cannot come over the air: it needs two application slots, and there are none",
        "",
      ].join("\n"),
    });
  });

  test("CSV in, bytes out, and CSV again: nothing changes", async () => {
    await using folder = await folderWith({ "t.csv": csv });
    const toBytes = await run(["partitions", "t.csv", "--output", "t.bin"], { cwd: folder.path });
    expect(toBytes.code).toBe(0);
    expect(statSync(join(folder.path, "t.bin")).size).toBe(0xc00);
    const back = await run(["partitions", "t.bin", "--csv", "--output", "u.csv"], { cwd: folder.path });
    expect(back.stdout).toContain(csv);
    expect(readFileSync(join(folder.path, "u.csv"), "utf8")).toBe(csv);
  });

  test("a mistake in a CSV is shown at its place", async () => {
    await using folder = await folderWith({ "t.csv": csv.replace("0x1f0000", "lots") });
    const { code, stderr } = await run(["partitions", "t.csv"], { cwd: folder.path });
    expect(code).toBe(3);
    expect(stderr).toContain("t.csv:3:");
  });

  test("what does not fit the flash is said", async () => {
    await using folder = await folderWith({ "t.csv": csv });
    const { code, stderr } = await run(["partitions", "t.csv", "--flash-size", "1MB"], { cwd: folder.path });
    expect(code).toBe(0);
    expect(stderr).toBe("warning: partition factory ends at 0x200000, the flash at 0x100000\n");
  });

  test("an image alone has no table", async () => {
    await using folder = await folderWith({ "app.bin": firmwareParts("esp32").application });
    const { code, stderr } = await run(["partitions", "app.bin"], { cwd: folder.path });
    expect(code).toBe(4);
    expect(stderr).toContain("app.bin is a single image, without a partition table");
  });
});
