import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Registry } from "../../src/control/registry.ts";
import type { RegistryEntry } from "../../src/control/registry-entry.ts";
import { runtimeFolder } from "../../src/control/runtime-folder.ts";

let folder: string;
let registry: Registry;
const servers: Server[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "espx-reg-"));
  registry = new Registry(folder);
});

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  rmSync(folder, { recursive: true, force: true });
});

function entry(name: string, over: Partial<RegistryEntry> = {}): RegistryEntry {
  const paths = registry.socketPaths(name);
  return { v: 1, name, pid: process.pid, urls: [`sim:${name}`], brokerUrl: "mqtt://x", ...paths, ...over };
}

async function listenAt(path: string): Promise<void> {
  const server = createServer((socket) => socket.end());
  servers.push(server);
  server.listen(path);
  await once(server, "listening");
}

/** A process that listens at both sockets of `name` and publishes itself, as a simulator does. */
async function simulatorProcess(name: string): Promise<ReturnType<typeof spawn>> {
  const serialPath = join(folder, `${name}.serial`);
  const controlPath = join(folder, `${name}.control`);
  const script = `
    const net = require("node:net"), fs = require("node:fs");
    const paths = ${JSON.stringify([serialPath, controlPath])};
    let waiting = paths.length;
    for (const path of paths) net.createServer((s) => s.end()).listen(path, () => {
      if (--waiting > 0) return;
      const entry = { v: 1, name: ${JSON.stringify(name)}, pid: process.pid, urls: [], brokerUrl: "", serialPath: paths[0], controlPath: paths[1] };
      fs.writeFileSync(${JSON.stringify(join(folder, `${name}.json`))}, JSON.stringify(entry));
      console.log("ready");
    });`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout ?? child, "data");
  return child;
}

test("a simulator whose process was killed is removed with its sockets", async () => {
  const child = await simulatorProcess("desk");
  expect((await registry.list()).map(({ pid }) => pid)).toEqual([child.pid]);
  await expect(registry.assertFree("desk")).rejects.toMatchObject({
    code: "sim/name-taken",
    details: { name: "desk", pid: child.pid },
  });
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(readdirSync(folder).sort()).toEqual(["desk.control", "desk.json", "desk.serial"]);
  expect(await registry.list()).toEqual([]);
  expect(readdirSync(folder)).toEqual([]);
  await registry.assertFree("desk");
});

test("a simulator whose process lives but whose socket is dead is removed", async () => {
  await registry.publish(entry("desk"));
  expect(await registry.list()).toEqual([]);
  expect(readdirSync(folder)).toEqual([]);
});

test("what is no entry is removed and does not hide the others", async () => {
  const good = entry("good");
  await listenAt(good.controlPath);
  await registry.publish(good);
  writeFileSync(join(folder, "torn.json"), '{"v":1,"na');
  writeFileSync(join(folder, "other.json"), JSON.stringify({ ...good }));
  expect((await registry.list()).map(({ name }) => name)).toEqual(["good"]);
  expect(readdirSync(folder).filter((file) => file.endsWith(".json"))).toEqual(["good.json"]);
});

test("publishing a name that lives is refused and leaves the first in place", async () => {
  const first = entry("desk");
  await listenAt(first.controlPath);
  await registry.publish(first);
  await expect(registry.publish(entry("desk", { urls: ["second"] }))).rejects.toMatchObject({ code: "sim/name-taken" });
  expect(JSON.parse(readFileSync(join(folder, "desk.json"), "utf8"))).toEqual(first);
});

test("withdrawing leaves a later simulator of that name alone", async () => {
  const later = entry("desk", { pid: process.ppid });
  writeFileSync(join(folder, "desk.json"), JSON.stringify(later));
  registry.withdraw(entry("desk"));
  expect(readdirSync(folder)).toEqual(["desk.json"]);
});

test("sockets of processes that are gone are swept before a start", async () => {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  writeFileSync(join(folder, `desk.${child.pid}.serial`), "");
  writeFileSync(join(folder, `desk.${process.pid}.serial`), "");
  writeFileSync(join(folder, "notes.txt"), "");
  await registry.assertFree("shed");
  expect(readdirSync(folder).sort()).toEqual([`desk.${process.pid}.serial`, "notes.txt"]);
});

test("a long name in a long folder gets a short socket", () => {
  const deep = join(folder, "x".repeat(95 - folder.length - 25));
  const { serialPath, controlPath } = new Registry(deep).socketPaths("n".repeat(32));
  expect(Math.max(serialPath.length, controlPath.length)).toBeLessThanOrEqual(103);
  expect(serialPath).not.toBe(controlPath);
});

test("the folder is the user's own", () => {
  expect(runtimeFolder({ ESPX_RUNTIME_DIR: "/a", XDG_RUNTIME_DIR: "/b" })).toBe("/a");
  expect(runtimeFolder({ XDG_RUNTIME_DIR: "/b" })).toBe(join("/b", "espx"));
  expect(runtimeFolder({})).toBe(join(tmpdir(), `espx-${process.getuid?.()}`));
});
