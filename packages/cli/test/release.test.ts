import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Context } from "../src/context.ts";
import { buildConfig } from "../src/project/device-config.ts";
import { deviceSettings, readConfigFile } from "../src/project/config-source.ts";
import { loadProfile, type Profile } from "../src/project/profile.ts";
import { loadProject, projectSecrets } from "../src/project/project.ts";
import { createRedactor } from "../src/output/redactor.ts";
import { buildProfile } from "../src/release/build.ts";
import { createCache } from "../src/release/cache.ts";
import { tempProject } from "./_project.ts";
import { tempFolder } from "./_run.ts";

function contextIn(cwd: string, env: Readonly<Record<string, string>> = {}): Context {
  const out = { json: false, emit: () => undefined, raw: () => undefined, settle: () => undefined };
  return {
    cwd,
    env: { ESPX_CACHE_DIR: join(cwd, "cache"), ...env },
    redactor: createRedactor(),
    out,
  } as unknown as Context;
}

async function lampIn(ctx: Context): Promise<Profile> {
  return loadProfile(ctx, await loadProject(ctx), "lamp");
}

test("a release holds the framework compiled, the application, and the launcher outside the slots", async () => {
  await using folder = await tempProject();
  const ctx = contextIn(folder.path);
  const { release } = await buildProfile(ctx, await lampIn(ctx), "ssid home\n");
  const paths = release.files.map((file) => file.path);
  expect(paths).toContain("main.py");
  expect(paths).toContain("helper.mpy");
  expect(paths).toContain("lib/espx/loop.mpy");
  expect(paths).toContain("lib/espx/net.mpy");
  expect(paths).not.toContain("lib/espx/mqtt.mpy");
  expect(release.launcher.map((file) => file.path)).toEqual(["/boot.py", "/main.py", "/safe/slots.mpy"]);
  const compiled = [...release.files, ...release.launcher].filter((file) => file.path.endsWith(".mpy"));
  for (const { bytes } of compiled) expect([...bytes.subarray(0, 2)]).toEqual([0x4d, 6]);
  const about = release.files.find((file) => file.path === "release.json");
  expect(JSON.parse(new TextDecoder().decode(about?.bytes))).toMatchObject({
    id: release.id,
    profile: "lamp",
    components: ["net"],
  });
});

test("the same sources give the same release, compiled once and then from the cache", async () => {
  await using folder = await tempProject();
  const ctx = contextIn(folder.path);
  const first = await buildProfile(ctx, await lampIn(ctx), null);
  const second = await buildProfile(ctx, await lampIn(ctx), null);
  expect(first.fromCache).toBe(0);
  expect(second.fromCache).toBe(second.compiled);
  expect(second.release.id).toBe(first.release.id);
  await rm(join(folder.path, "cache"), { recursive: true });
  expect((await buildProfile(ctx, await lampIn(ctx), null)).release.id).toBe(first.release.id);
});

test("where a project lies does not change its release", async () => {
  await using here = await tempProject();
  await using there = await tempProject();
  const ids = await Promise.all(
    [here, there].map(async ({ path }) => {
      const ctx = contextIn(path);
      return (await buildProfile(ctx, await lampIn(ctx), null)).release.id;
    }),
  );
  expect(ids[0]).toBe(ids[1]);
});

test("a cache entry that was torn is made again", async () => {
  await using folder = await tempFolder();
  const cache = createCache(folder.path);
  await cache.put("abcd", new Uint8Array([1, 2, 3]));
  expect(await cache.get("abcd")).toEqual(new Uint8Array([1, 2, 3]));
  const [name = ""] = await readdir(join(folder.path, "ab"));
  await writeFile(join(folder.path, "ab", name), Buffer.alloc(34));
  expect(await cache.get("abcd")).toBeNull();
});

test("a config given as text, as YAML, and in espx.yaml comes to the same", async () => {
  await using folder = await tempProject({
    "config.txt": "# home\nrate 2 Hz\nssid home\npassword ${WIFI_PASSWORD}\n",
    "config.yaml": "ssid: home\nrate: 2\npassword: ${WIFI_PASSWORD}\n",
    "espx.secrets.yaml": "WIFI_PASSWORD: my secret\n",
  });
  const ctx = contextIn(folder.path);
  const [project, profile] = [await loadProject(ctx), await lampIn(ctx)];
  const secrets = await projectSecrets(ctx, project);
  const expected = "pin 2\nrate 2\nssid home\npassword my secret\n";
  for (const file of ["config.txt", "config.yaml"]) {
    expect(buildConfig(ctx, await readConfigFile(ctx, file), { profile, secrets })).toBe(expected);
  }
  const own = project === null ? null : deviceSettings(project, "kitchen");
  expect(buildConfig(ctx, own, { profile, secrets, fallbacks: { rate: "2" } })).toBe(expected);
  expect(ctx.redactor.text("it is my secret")).toBe("it is ********");
});

test("the environment wins over espx.secrets.yaml", async () => {
  await using folder = await tempProject({
    "espx.secrets.yaml": "WIFI_PASSWORD: stored\n",
    "config.txt": "ssid home\npassword ${WIFI_PASSWORD}\n",
  });
  const ctx = contextIn(folder.path, { WIFI_PASSWORD: "from outside" });
  const secrets = await projectSecrets(ctx, await loadProject(ctx));
  const text = buildConfig(ctx, await readConfigFile(ctx, "config.txt"), { profile: await lampIn(ctx), secrets });
  expect(text).toContain("password from outside\n");
});
