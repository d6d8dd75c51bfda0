import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { authorityFile, type FileServer, startFileServer } from "./_file-server.ts";
import { firmwareFile, firmwareParts } from "./_firmware.ts";
import { eventsOf, run, type RunOptions, type RunResult, tempFolder } from "./_run.ts";

const good = firmwareFile("esp32");
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const PATH = "/firmware/LAMP-1.27.0.bin";

let server: FileServer;
let folder: Awaited<ReturnType<typeof tempFolder>>;
beforeAll(async () => {
  server = await startFileServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  folder = await tempFolder({ "espx.yaml": "" });
  server.give(PATH, good);
  (server.asked as string[]).length = 0;
  return () => folder[Symbol.asyncDispose]();
});

/** The catalogue of a project: one entry, with fields replaced or added. */
async function catalogue(changes: Readonly<Record<string, string>> = {}): Promise<void> {
  const fields = {
    board: "LAMP",
    chip: "esp32",
    version: "1.27.0",
    address: "0x1000",
    flash: "4MB",
    url: server.url + PATH,
    ...changes,
  };
  const text = Object.entries(fields).map(
    ([key, value], index) => `${index === 0 ? "  - " : "    "}${key}: ${value}\n`,
  );
  await mkdir(join(folder.path, "manifests"), { recursive: true });
  writeFileSync(join(folder.path, "manifests", "firmware.yaml"), `firmware:\n${text.join("")}`);
}

const lockPath = (): string => join(folder.path, "espx.lock");
const cachePath = (): string =>
  join(folder.path, "cache", "firmware", new URL(server.url).host.replace(":", "_"), "LAMP-1.27.0.bin");

function fetchLamp(flags: readonly string[] = [], options: RunOptions = {}): Promise<RunResult> {
  const env = {
    ESPX_CACHE_DIR: join(folder.path, "cache"),
    ESPX_STATE_DIR: join(folder.path, "state"),
    NODE_EXTRA_CA_CERTS: authorityFile,
  };
  return run(["firmware", "fetch", "LAMP", ...flags], {
    cwd: folder.path,
    ...options,
    env: { ...env, ...options.env },
  });
}

const answering = (answer: string): RunOptions => ({
  terminal: { interactive: true, input: process.stdin, ask: () => Promise.resolve(answer) },
});

test("an unpinned firmware is fetched after --yes, locked, and from then on comes from the cache without a question", async () => {
  await catalogue();
  const first = await fetchLamp(["--yes"]);
  expect([first.code, first.stdout]).toEqual([0, ""]);
  expect(first.stderr).toContain("LAMP 1.27.0, 177.6 KB from localhost:");
  expect(first.stderr).toContain("firmware cannot come over the air");
  expect(first.stderr).toContain(`its SHA-256 is ${sha256(good)}, required from now on by espx.lock`);
  expect(readFileSync(lockPath(), "utf8")).toBe(
    `# Written by espx: hashes of what was fetched without one. Keep this file with the project; what stands here is required.\nfirmware:\n  - url: ${server.url}${PATH}\n    sha256: ${sha256(good)}\n    size: ${good.length}\n`,
  );
  const second = await fetchLamp(["--locked", "--json"]);
  const found = eventsOf(second).find(({ kind }) => kind === "firmware");
  expect(found?.data).toMatchObject({ pinned: "lock", from: "cache", sha256: sha256(good) });
  expect(server.asked).toEqual([PATH]);
});

test("a yes on the terminal does the same, a no ends with exit 10 and nothing fetched", async () => {
  await catalogue();
  const no = await fetchLamp([], answering("n"));
  expect(no.code).toBe(10);
  expect(no.stderr).toContain("no SHA-256 of LAMP 1.27.0 is known, neither in the catalogue nor in espx.lock");
  expect([server.asked.length, existsSync(lockPath())]).toEqual([0, false]);
  expect((await fetchLamp([], answering("y"))).code).toBe(0);
  expect(server.asked).toEqual([PATH]);
});

test("where nobody can be asked it needs --yes: exit 2", async () => {
  await catalogue();
  const { code, stderr } = await fetchLamp();
  expect(code).toBe(2);
  expect(stderr).toContain("(cli/answer-needed)");
  expect(server.asked).toEqual([]);
});

test("--locked refuses what has no hash, also with --yes", async () => {
  await catalogue();
  const { code, stderr } = await fetchLamp(["--locked", "--yes"]);
  expect(code).toBe(10);
  expect(stderr).toContain("(cli/firmware-unpinned)");
  expect(server.asked).toEqual([]);
});

test("a pinned firmware needs no yes and no lock", async () => {
  await catalogue({ sha256: sha256(good) });
  const { code } = await fetchLamp(["--locked"]);
  expect(code).toBe(0);
  expect(existsSync(lockPath())).toBe(false);
});

test("a download that differs from its hash is refused and not kept", async () => {
  await catalogue({ sha256: "0".repeat(64) });
  const { code, stderr } = await fetchLamp();
  expect(code).toBe(7);
  expect(stderr).toContain(`gives the SHA-256 ${sha256(good)}, expected ${"0".repeat(64)}`);
  expect(stderr).toContain("(cli/firmware-differs)");
  expect(existsSync(cachePath())).toBe(false);
});

test("a file that was replaced on the host is refused by espx.lock", async () => {
  await catalogue();
  expect((await fetchLamp(["--yes"])).code).toBe(0);
  server.give(PATH, firmwareFile("esp32", { version: "1.27.1" }));
  const { code, stderr } = await fetchLamp(["--yes"], { env: { ESPX_CACHE_DIR: join(folder.path, "other-cache") } });
  expect(code).toBe(7);
  expect(stderr).toContain("(cli/firmware-differs)");
});

test("espx.lock and catalogue that disagree are both named", async () => {
  await catalogue();
  expect((await fetchLamp(["--yes"])).code).toBe(0);
  await catalogue({ sha256: "0".repeat(64) });
  const { code, stderr } = await fetchLamp();
  expect(code).toBe(7);
  expect(stderr).toContain(
    `LAMP 1.27.0 has the SHA-256 ${sha256(good)} in espx.lock and ${"0".repeat(64)} in the catalogue`,
  );
});

test("a cached file that was changed is fetched again", async () => {
  await catalogue();
  expect((await fetchLamp(["--yes"])).code).toBe(0);
  writeFileSync(cachePath(), "changed");
  const { code, stderr } = await fetchLamp();
  expect(code).toBe(0);
  expect(stderr).toContain("differs from the SHA-256 that is required; it is fetched again");
  expect(sha256(readFileSync(cachePath()))).toBe(sha256(good));
});

test("without a network it is said what to fetch and where to put it, and a file put there is taken", async () => {
  await catalogue({ url: "https://localhost:1/LAMP-1.27.0.bin" });
  const place = join(folder.path, "cache", "firmware", "localhost_1", "LAMP-1.27.0.bin");
  const { code, stderr } = await fetchLamp(["--yes"]);
  expect(code).toBe(6);
  expect(stderr).toContain(
    `do this: fetch https://localhost:1/LAMP-1.27.0.bin on another computer and put it at ${place}, or give it with --image 0x1000:FILE`,
  );
  await mkdir(dirname(place), { recursive: true });
  writeFileSync(place, good);
  expect((await fetchLamp(["--yes"])).code).toBe(0);
});

test("a certificate of an unknown authority is refused: exit 7", async () => {
  await catalogue();
  const { code, stderr } = await fetchLamp(["--yes"], { env: { NODE_EXTRA_CA_CERTS: "" } });
  expect(code).toBe(7);
  expect(stderr).toContain("(fetch/certificate)");
  expect(stderr).toContain("NODE_EXTRA_CA_CERTS");
  expect(existsSync(lockPath())).toBe(false);
});

const wrong: readonly (readonly [string, () => Parameters<FileServer["give"]>[1], number, string])[] = [
  ["a host that does not have it", () => ({ status: 404 }), 6, "answers 404"],
  ["a download that ends early", () => ({ cutShort: good.subarray(0, 5000) }), 6, "the download ended after"],
  ["an address that leads away from TLS", () => ({ to: "http://localhost/x.bin" }), 6, "which is not TLS"],
  ["an address that leads to itself", () => ({ to: PATH }), 6, "leads on more than 5 times"],
  ["a web page instead of a firmware", () => Buffer.from("<html>"), 11, "the file is a web page"],
  ["a firmware with a broken image", () => broken(good), 11, "checksum is"],
  [
    "a firmware for another chip",
    () => firmwareFile("esp32c3"),
    10,
    "the file of LAMP 1.27.0 is for the esp32c3, expected esp32",
  ],
  ["a boot loader alone", () => firmwareParts("esp32").bootLoader, 7, "the file of LAMP 1.27.0 holds no application"],
];
test.each(wrong)("%s is refused, and nothing is locked", async (_, answer, exit, message) => {
  await catalogue();
  server.give(PATH, answer());
  const { code, stderr } = await fetchLamp(["--yes"]);
  expect([code, stderr]).toEqual([exit, expect.stringContaining(message)]);
  expect(existsSync(lockPath())).toBe(false);
});

test("an address that leads on within TLS is followed", async () => {
  await catalogue({ url: `${server.url}/latest` });
  server.give("/latest", { to: PATH });
  expect((await fetchLamp(["--yes"])).code).toBe(0);
  expect(server.asked).toEqual(["/latest", PATH]);
});

test("a file for another place in flash is refused", async () => {
  await catalogue({ address: "0x0" });
  const { code, stderr } = await fetchLamp(["--yes"]);
  expect(code).toBe(7);
  expect(stderr).toContain("begins at 0x1000 of flash, expected 0x0");
});

const mistakes: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
  ["a URL without TLS", { url: "http://localhost/x.bin" }, '"firmware.0.url" must be a URL that starts with https://'],
  ["a hash that is none", { sha256: "abc" }, '"firmware.0.sha256" must be a SHA-256'],
  ["a version that is none", { version: "latest" }, '"firmware.0.version" must be a version such as 1.29.0'],
  ["a flash size that is none", { flash: "4" }, '"firmware.0.flash" must be a flash size such as 4MB'],
  ["an unknown key", { sha: "abc" }, '"sha" is not a key here'],
];
test.each(mistakes)("%s in the catalogue is shown at its place", async (_, changes, message) => {
  await catalogue(changes);
  const { code, stderr } = await fetchLamp();
  expect(code).toBe(3);
  expect(stderr).toContain(`espx firmware fetch: ${message}`);
  expect(stderr).toMatch(/at manifests\/firmware\.yaml:\d+:\d+/);
});

test("the catalogue that comes with espx names real boards, and no hash that was not seen", async () => {
  const result = await run(["firmware", "--json"], { cwd: folder.path });
  const offers = eventsOf(result)
    .filter(({ kind }) => kind === "offer")
    .map(({ data }) => data as Record<string, unknown>);
  const names = offers.map(({ board, variant }) => `${String(board)}/${String(variant)}`);
  for (const name of [
    "ESP32_GENERIC/",
    "ESP32_GENERIC/OTA",
    "ESP32_GENERIC_S3/",
    "ESP32_GENERIC_S3/SPIRAM_OCT",
    "ESP32_GENERIC_C3/",
  ])
    expect(names).toContain(name);
  for (const { url, pinned } of offers) {
    expect(url).toMatch(/^https:\/\/micropython\.org\/resources\/firmware\/\S+\.bin$/);
    expect(pinned).toBe(null);
  }
});

test("a board that is not in the catalogue is not listed as nothing", async () => {
  const { code, stderr } = await run(["firmware", "ESP32_GENERIK"], { cwd: folder.path });
  expect(code).toBe(4);
  expect(stderr).toContain('no firmware of the board ESP32_GENERIK is known (did you mean "ESP32_GENERIC"?)');
});

test("an unknown board is named with its nearest", async () => {
  const { code, stderr } = await run(["firmware", "fetch", "ESP32_GENERC"], { cwd: folder.path });
  expect(code).toBe(4);
  expect(stderr).toContain('there is no ESP32_GENERC in the catalogue (did you mean "ESP32_GENERIC"?)');
});

test("the catalogue is no profile", async () => {
  const { code, stderr } = await run(["deploy", "firmware", "--port", "sim:x"], { cwd: folder.path });
  expect(code).toBe(4);
  expect(stderr).toContain('there is no profile "firmware"');
});

function broken(bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  changed[0x10000] = (changed[0x10000] ?? 0) ^ 1;
  return changed;
}
