import type { SimSession } from "@espx/proto";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { has } from "../../../../testsuite/programs.ts";
import { createSimControl } from "../../src/control/sim-control.ts";
import { createSimPorts } from "../../src/control/sim-ports.ts";
import { createWorld } from "../../src/world.ts";

const socat = has("socat");

let folder: string;
let session: SimSession | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "espx-pty-"));
});

afterEach(async () => {
  await session?.close();
  session = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function start(): Promise<string> {
  const control = createSimControl({ createWorld, folder });
  session = await control.start({
    names: ["desk"],
    fresh: true,
    stateFolder: undefined,
    brokerUrl: "mqtt://127.0.0.1:1883",
    pty: true,
  });
  return session.boards[0]?.urls[2] ?? "";
}

/** Types on an open terminal and reads until `text` comes. */
async function ask(terminal: FileHandle, typed: string, text: string): Promise<string> {
  await terminal.write(typed);
  let seen = "";
  while (!seen.includes(text)) {
    const { bytesRead, buffer } = await terminal.read(Buffer.alloc(1024), 0, 1024, null);
    seen += buffer.subarray(0, bytesRead).toString();
  }
  return seen;
}

describe("the pseudo-terminal of a simulator", () => {
  it.skipIf(!socat)("is the board's prompt, one client after the other (needs socat)", async () => {
    const path = await start();
    expect(path).toBe(join(folder, "desk.tty"));
    expect(statSync(path).isCharacterDevice()).toBe(true);
    for (let round = 0; round < 3; round++) {
      const terminal = await open(path, "r+");
      expect(await ask(terminal, `${round} + 100\r`, `${round + 100}\r\n>>> `)).toContain(`${round + 100}`);
      await terminal.close();
      await sleep(100);
    }
  });

  it.skipIf(!socat)("shares the port with the other ways in (needs socat)", async () => {
    const path = await start();
    const ports = createSimPorts({ folder, command: "espx test" });
    const terminal = await open(path, "r+");
    await ask(terminal, "1 + 1\r", "2\r\n>>> ");
    await expect(ports.open("sim:desk")).rejects.toMatchObject({
      code: "port/busy",
      message: expect.stringContaining(`a client of ${path}`),
    });
    await terminal.close();
    await sleep(200);
    const link = await ports.open("sim:desk");
    const late = await open(path, "r+");
    expect(await ask(late, "", "in use by")).toContain("espx test");
    await late.close();
    await link.close();
  });

  it.skipIf(!socat)("keeps 700 kB for a client that reads late (needs socat)", async () => {
    const terminal = await open(await start(), "r+");
    await ask(terminal, "1 + 1\r", "2\r\n>>> ");
    await terminal.write("for i in range(700): print('x' * 998)\r\r\r");
    await sleep(1_500);
    const seen = await ask(terminal, "'the' + ' end'\r", "'the end'\r\n>>> ");
    await terminal.close();
    expect(seen.match(/^x{998}\r$/gm)).toHaveLength(700);
  });

  it.skipIf(!socat)("leaves neither a file nor a process behind (needs socat)", async () => {
    const path = await start();
    expect(existsSync(path)).toBe(true);
    await session?.close();
    expect(readdirSync(folder)).toEqual([]);
    const left = spawnSync("pgrep", ["-f", `link=${path}`], { encoding: "utf8" });
    expect(left.stdout).toBe("");
  });

  it("says what to install where socat is not", async () => {
    const { PATH } = process.env;
    process.env.PATH = folder;
    try {
      await expect(start()).rejects.toMatchObject({
        code: "sim/socat-missing",
        hint: expect.stringContaining("apt-get install socat"),
      });
    } finally {
      process.env.PATH = PATH;
    }
    expect(readdirSync(folder)).toEqual([]);
  });
});
