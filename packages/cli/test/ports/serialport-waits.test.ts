import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createSerialPorts } from "../../src/ports/serialport.ts";
import { Collector } from "../../../../testsuite/collector.ts";
import { errorOf } from "./error-of.ts";
import { has } from "../../../../testsuite/programs.ts";

/** More than the system holds for a terminal that nobody reads. */
const manyBytes = 300_000;

describe.skipIf(process.platform === "win32" || !has("python3"))("a port whose buffer is full (needs python3)", () => {
  let terminal: ChildProcessByStdio<Writable, Readable, null>;

  beforeEach(() => {
    const program = fileURLToPath(new URL("full-terminal.py", import.meta.url));
    terminal = spawn("python3", [program], { stdio: ["pipe", "pipe", "inherit"] });
  });

  afterEach(() => terminal.kill());

  const line = async (): Promise<string> => String((await once(terminal.stdout, "data"))[0]).trim();

  test("still reads while a write waits, and writes on after that", async () => {
    const link = await createSerialPorts().open(await line());
    const collector = new Collector();
    link.listen(collector);
    const written = link.write(new Uint8Array(manyBytes));
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const word of ["one", "two", "three"]) {
      terminal.stdin.write(`say ${word}\n`);
      await collector.until(({ text }) => text.endsWith(word));
    }
    expect(collector.text).toBe("onetwothree");
    terminal.stdin.write(`read ${manyBytes}\n`);
    expect(await line()).toBe(String(manyBytes));
    await written;
    await link.close();
  });

  test("that nobody empties is port/stuck when its rate is to be changed", async () => {
    const link = await createSerialPorts({ stuckMs: 100 }).open(await line(), { baudRate: 921_600 });
    void link.write(new Uint8Array(manyBytes)).catch(() => {});
    const error = await errorOf(link.setBaud(115_200));
    expect(error).toMatchObject({ code: "port/stuck", exitCode: 6, hint: expect.stringContaining("unplug") as string });
    await link.close();
  });
});
