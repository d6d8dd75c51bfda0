import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { has } from "../programs.ts";
import { builtEspx, makeHome } from "./_espx.ts";

/** A newer Node than the one that runs the tests, or undefined; `.ci/run` installs it. */
function newestNode(): string | undefined {
  const name = `node-${process.platform}-${process.arch}`;
  const path = fileURLToPath(new URL(`../../.cache/node/node_modules/${name}/bin/node`, import.meta.url));
  if (existsSync(path)) return path;
  if (process.env["CI"] === "true") throw new Error(`${path} is not there; .ci/run installs it`);
  return undefined;
}

const node = newestNode();

/** Deploys a folder over a line of its own, and answers how long that took in ms. */
async function deployUnder(node: string): Promise<number> {
  await using home = await makeHome();
  const espx = (...argv: readonly string[]): ReturnType<typeof home.run> => home.run(node, [builtEspx, ...argv]);
  await home.write({ "app/main.py": "print('started')\n", "app/data.txt": randomBytes(10_000).toString("hex") });
  const sim = espx("sim", "one", "--pty", "--line-baud", "115200", "--broker-port", "0", "--json");
  const { data } = await sim.event("board", (event) => event.data["name"] === "one");
  const path = (data["urls"] as readonly string[]).find((url) => url.startsWith("/")) ?? "";
  const began = performance.now();
  const deployed = await espx("deploy", "app", "--port", path).ended;
  const tookMs = performance.now() - began;
  expect(deployed).toMatchObject({ code: 0, stderr: expect.not.stringContaining("Warning") as string });
  const said = await espx("exec", "print(len(open('/data.txt').read()))", "--port", path).ended;
  expect(said).toEqual({ code: 0, stdout: "20000\n", stderr: "" });
  return tookMs;
}

test.skipIf(node === undefined)(
  "the newest Node keeps what it compiled in the user's cache (needs Node 26 in .cache/node)",
  async () => {
    await using home = await makeHome();
    const cache = join(home.folder, "cache");
    await home.run(node as string, [builtEspx, "ports"], { ESPX_CACHE_DIR: cache }).ended;
    expect(await readdir(join(cache, "node"))).not.toEqual([]);
  },
);

test.skipIf(node === undefined || !has("socat"))(
  "the newest Node deploys over a serial port without a warning, and waits for nothing (needs Node 26 in .cache/node, socat)",
  async () => {
    const ownMs = await deployUnder(process.execPath);
    // Where events of the port come late, it takes six times as long.
    expect(await deployUnder(node as string)).toBeLessThan(3 * ownMs + 1000);
  },
  120_000,
);
