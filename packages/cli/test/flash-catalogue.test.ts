import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { authorityFile, startFileServer } from "./_file-server.ts";
import { firmwareFile } from "./_firmware.ts";
import { answering, FlashBoards } from "./_flash-boards.ts";

const env = { NODE_EXTRA_CA_CERTS: authorityFile };

/** A catalogue with one board, unpinned unless `sha256` is given. */
function catalogue(fixture: FlashBoards, url: string, extra = ""): void {
  mkdirSync(fixture.path("manifests"), { recursive: true });
  const common = `chip: esp32, version: 1.27.0, address: 0x1000, url: "${url}/MY-1.27.0.bin"${extra}`;
  writeFileSync(
    fixture.path("manifests/firmware.yaml"),
    `firmware: [{board: MY, flash: 4MB, ${common}}, {board: MY, variant: SMALL, flash: 2MB, ${common}}]\n`,
  );
}

test("without --image each board gets the variant of the catalogue that fits it, fetched once, and it is said why", async () => {
  await using server = await startFileServer();
  server.give("/MY-1.27.0.bin", firmwareFile("esp32"));
  await using fixture = await FlashBoards.start();
  catalogue(fixture, server.url, `, sha256: ${createHash("sha256").update(firmwareFile("esp32")).digest("hex")}`);
  const { code, stderr, stdout } = await fixture.flash(["--all", "--yes"], { env });
  expect(code, stderr).toBe(0);
  expect(stdout).toContain("4 of 4 boards done");
  expect(stderr).toContain("MY 1.27.0, 177.6 KB from localhost");
  expect(stderr).toContain("the chip has 4 MB of flash and no PSRAM of its own\n");
  expect(stderr).toContain("firmware cannot come over the air");
  expect(server.asked).toEqual(["/MY-1.27.0.bin"]);
});

test("unpinned firmware is asked for once, also for several boards, and a no leaves them running", async () => {
  await using server = await startFileServer();
  server.give("/MY-1.27.0.bin", firmwareFile("esp32"));
  await using fixture = await FlashBoards.start({ ash: { blank: false } });
  catalogue(fixture, server.url);
  const asked: string[] = [];
  const { code } = await fixture.flash(["--port", "sim:ash"], { env, terminal: answering("n", asked) });
  expect(code).toBe(10);
  expect(asked).toHaveLength(1);
  expect(server.asked).toEqual([]);
  const both = await fixture.flash(["--port", "sim:ash", "--port", "sim:beech"], {
    env,
    terminal: answering("y", asked),
  });
  expect([both.code, both.stderr]).toEqual([0, expect.any(String)]);
  expect(asked).toHaveLength(2);
  expect(readFileSync(fixture.path("espx.lock"), "utf8")).toContain(`${server.url}/MY-1.27.0.bin`);
});

test("--dry-run fetches nothing that is not pinned, and locks nothing", async () => {
  await using server = await startFileServer();
  server.give("/MY-1.27.0.bin", firmwareFile("esp32"));
  await using fixture = await FlashBoards.start();
  catalogue(fixture, server.url);
  const dry = await fixture.flash(["--port", "sim:ash", "--dry-run", "--yes"], { env });
  expect([dry.code, dry.stderr]).toEqual([
    10,
    expect.stringContaining("fetch it first: espx firmware fetch MY --release 1.27.0"),
  ]);
  expect([server.asked, existsSync(fixture.path("espx.lock"))]).toEqual([[], false]);
});

test("a device gets the firmware that its profile's manifest asks for", async () => {
  await using fixture = await FlashBoards.start();
  catalogue(fixture, "https://localhost:1");
  const profile = (firmware: string): void => {
    writeFileSync(fixture.path("espx.yaml"), "devices: {kitchen: {port: sim:ash, profile: lamp}}\n");
    writeFileSync(fixture.path("manifests/lamp.yaml"), `profile: lamp\nfirmware: {${firmware}}\nfiles: [main.py]\n`);
  };
  profile('board: MY, variant: SMALL, version: ">=1.24"');
  const small = await fixture.flash(["--device", "kitchen", "--locked"]);
  expect([small.code, small.stderr]).toEqual([10, expect.stringContaining("no SHA-256 of MY-SMALL 1.27.0 is known")]);
  profile('board: MY, version: ">=2"');
  const newer = await fixture.flash(["--device", "kitchen", "--locked"]);
  expect([newer.code, newer.stderr]).toEqual([
    4,
    expect.stringContaining("the profile takes MY >=2.0.0, the catalogue has 1.27.0"),
  ]);
  profile("board: OTHER");
  const named = await fixture.flash(["--device", "kitchen", "--locked", "--board", "MY"]);
  expect([named.code, named.stderr]).toEqual([10, expect.stringContaining("no SHA-256 of MY 1.27.0 is known")]);
});

test("--locked refuses unpinned firmware, and a chip that nothing fits is refused", async () => {
  await using fixture = await FlashBoards.start({ beech: { chipFlashBytes: 1024 * 1024 } });
  catalogue(fixture, "https://localhost:1");
  const locked = await fixture.flash(["--port", "sim:ash", "--locked", "--yes"]);
  expect([locked.code, locked.stderr]).toEqual([10, expect.stringContaining("(cli/firmware-unpinned)")]);
  const small = await fixture.flash(["--port", "sim:beech", "--board", "MY", "--yes"]);
  expect([small.code, small.stderr]).toEqual([10, expect.stringContaining("needs 4 MB of flash, the chip has 1 MB")]);
});
