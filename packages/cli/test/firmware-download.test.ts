import { writeFileSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { isEspxError } from "@espx/proto";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { proxyFor } from "../src/ports/https-proxy.ts";
import { authorityFile, type FileServer, startFileServer } from "./_file-server.ts";
import { firmwareFile } from "./_firmware.ts";
import { startProxy } from "./_proxy.ts";
import { run, type RunResult, tempFolder } from "./_run.ts";

const good = firmwareFile("esp32");
const PATH = "/LAMP-1.27.0.bin";

let server: FileServer;
let folder: Awaited<ReturnType<typeof tempFolder>>;
beforeAll(async () => {
  server = await startFileServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  folder = await tempFolder({ "espx.yaml": "" });
  await mkdir(join(folder.path, "manifests"));
  const fields = ["board: LAMP", "chip: esp32", "version: 1.27.0", "address: 0x1000", "flash: 4MB"];
  const entry = [...fields, `url: ${server.url}${PATH}`].join("\n    ");
  writeFileSync(join(folder.path, "manifests", "firmware.yaml"), `firmware:\n  - ${entry}\n`);
  server.give(PATH, good);
  for (const noted of [server.asked, server.ranges]) (noted as string[]).length = 0;
  return () => folder[Symbol.asyncDispose]();
});

function fetchLamp(env: Readonly<Record<string, string>> = {}): Promise<RunResult> {
  return run(["firmware", "fetch", "LAMP", "--yes"], {
    cwd: folder.path,
    env: {
      ESPX_CACHE_DIR: join(folder.path, "cache"),
      ESPX_STATE_DIR: join(folder.path, "state"),
      NODE_EXTRA_CA_CERTS: authorityFile,
      ...env,
    },
  });
}

async function expectKept(): Promise<void> {
  const place = join(folder.path, "cache", "firmware", new URL(server.url).host.replace(":", "_"), "LAMP-1.27.0.bin");
  expect(Buffer.compare(await readFile(place), good)).toBe(0);
}

describe("a proxy", () => {
  const target = (): string => new URL(server.url).host;

  test("that HTTPS_PROXY names is gone through, with the user and the password that it wants", async () => {
    await using proxy = await startProxy("ada:p@ss word");
    const { code, stdout, stderr } = await fetchLamp({ HTTPS_PROXY: `http://ada:p%40ss%20word@${proxy.host}` });
    expect(code, stderr).toBe(0);
    expect(proxy.asked).toEqual([target()]);
    expect(stdout + stderr).not.toMatch(/p@ss|p%40ss/);
    await expectKept();
  });

  test("may be named without http:// and in small letters, and is left out for hosts of NO_PROXY", async () => {
    await using proxy = await startProxy();
    expect((await fetchLamp({ https_proxy: proxy.host })).code).toBe(0);
    expect(proxy.asked).toEqual([target()]);
    (proxy.asked as string[]).length = 0;
    await rm(join(folder.path, "cache"), { recursive: true });
    expect((await fetchLamp({ https_proxy: proxy.host, no_proxy: "example.org, localhost" })).code).toBe(0);
    expect(proxy.asked).toEqual([]);
  });

  test("that wants a password and gets none says so: exit 6", async () => {
    await using proxy = await startProxy("ada:secret");
    const { code, stderr } = await fetchLamp({ HTTPS_PROXY: `http://${proxy.host}` });
    expect([code, stderr]).toEqual([
      6,
      expect.stringMatching(/answers 407 for localhost.*USER:PASSWORD.*\(fetch\/proxy\)/s),
    ]);
    expect(server.asked).toEqual([]);
  });

  test("that is not there is named: exit 6", async () => {
    const { code, stderr } = await fetchLamp({ HTTPS_PROXY: "http://ada:secret@127.0.0.1:1" });
    expect([code, stderr]).toEqual([
      6,
      expect.stringMatching(/the proxy 127\.0\.0\.1:1 of HTTPS_PROXY cannot be reached/),
    ]);
    expect(stderr).not.toContain("secret");
  });

  test("whose address is none is told of without being shown: exit 2", async () => {
    const { code, stderr } = await fetchLamp({ HTTPS_PROXY: "socks5://ada:secret@127.0.0.1:1" });
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/HTTPS_PROXY is no address of a proxy.*\(fetch\/bad-proxy\)/s),
    ]);
    expect(stderr).not.toContain("secret");
  });

  test.each([
    ["example.org", "https://example.org/x", true],
    ["example.org", "https://files.example.org/x", true],
    [".example.org", "https://files.example.org/x", true],
    ["*.example.org", "https://files.example.org/x", true],
    ["example.org", "https://notexample.org/x", false],
    ["example.org:8443", "https://example.org/x", false],
    ["example.org:443", "https://example.org/x", true],
    ["a.org, EXAMPLE.org", "https://example.org/x", true],
    ["*", "https://example.org/x", true],
    ["", "https://example.org/x", false],
    [",", "https://example.org/x", false],
  ])("with NO_PROXY=%s for %s: %s", (list, url, isExempt) => {
    const proxy = proxyFor(url, { HTTPS_PROXY: "http://proxy:3128", NO_PROXY: list });
    expect(proxy === undefined).toBe(isExempt);
  });

  test("of whatever text is an address, none, or refused", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, list) => {
        try {
          const proxy = proxyFor("https://example.org/x", { HTTPS_PROXY: text, NO_PROXY: list });
          expect(proxy === undefined || proxy.hostname !== "").toBe(true);
        } catch (error) {
          expect(isEspxError(error, "fetch/bad-proxy")).toBe(true);
        }
      }),
    );
  });
});

describe("a download that breaks off", () => {
  test("is gone on with where it stopped, as long as it gets further", async () => {
    const breaksAfter = Math.ceil(good.length / 2);
    server.give(PATH, { breaksAfter, bytes: good, etags: ['"one"'] });
    const { code, stderr } = await fetchLamp();
    expect(code, stderr).toBe(0);
    expect(server.ranges[0]).toBe("");
    expect(server.ranges.slice(1).every((range) => /^bytes=[1-9]\d*-$/.test(range))).toBe(true);
    expect(server.ranges.length).toBeGreaterThan(1);
    await expectKept();
  });

  test("begins anew when the file was replaced meanwhile", async () => {
    const breaksAfter = good.length - 1000;
    server.give(PATH, { breaksAfter, bytes: good, etags: ['"one"', '"two"'] });
    const { code, stderr } = await fetchLamp();
    expect(code, stderr).toBe(0);
    await expectKept();
  });

  test("is given up when it breaks off again and again: exit 6", async () => {
    server.give(PATH, { breaksAfter: 1000, bytes: good, etags: ['"one"'] });
    const { code, stderr } = await fetchLamp();
    expect([code, stderr]).toEqual([6, expect.stringContaining("(fetch/cut-short)")]);
    expect(server.asked.length).toBe(4);
  });

  test("is not gone on with where the host does not name its content", async () => {
    server.give(PATH, { cutShort: good.subarray(0, 5000) });
    expect((await fetchLamp()).code).toBe(6);
    expect(server.asked.length).toBe(1);
  });
});
