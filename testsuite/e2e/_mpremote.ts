import type { SimSession } from "@espx/proto";
import { createSimControl, createWorld } from "@espx/sim";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pythonWith } from "../python.ts";

/** As many bytes as a large library; every value, so that nothing on the way may take one for its own. */
const big = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 7919 + (index >> 8)) & 0xff);

/** How mpremote reaches a board in a test. */
interface Way {
  readonly name: string;
  /** Which of the board's urls. */
  readonly url: number;
  readonly pty: boolean;
  /** What must be installed, and whether it is. */
  readonly needs: string;
  readonly there: boolean;
}

/** Holds a virtual board against the unmodified mpremote from PyPI. */
export function testMpremote({ name, url, pty, needs, there }: Way): void {
  const python = pythonWith("mpremote") ?? "";
  const isThere = there && python !== "";
  let folder: string;
  let session: SimSession | undefined;

  /** Runs mpremote and answers what it prints. */
  async function run(...args: readonly string[]): Promise<string> {
    const port = session?.boards[0]?.urls[url] ?? "";
    const child = spawn(python, ["-m", "mpremote", "connect", port, ...args], { cwd: folder });
    let printed = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (printed += chunk.toString()));
    const code = await new Promise((resolve) => child.once("close", resolve));
    if (code !== 0) throw new Error(`mpremote ${args.join(" ")} ended with ${String(code)}: ${printed}`);
    return printed.replaceAll("\r\n", "\n");
  }

  beforeAll(async () => {
    if (!isThere) return;
    folder = mkdtempSync(join(tmpdir(), "espx-mpremote-"));
    const control = createSimControl({ createWorld, folder: join(folder, "run") });
    const start = { names: ["desk"], fresh: true, stateFolder: undefined, brokerUrl: "mqtt://127.0.0.1:1883" };
    session = await control.start({ ...start, pty });
    mkdirSync(join(folder, "mounted"));
    writeFileSync(join(folder, "mounted", "hosted.py"), "print('from the host', 6 * 7)\n");
    writeFileSync(join(folder, "big.bin"), big);
    writeFileSync(join(folder, "program.py"), "import sys\nprint('runs on', sys.platform)\n");
  });

  afterAll(async () => {
    await session?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  describe(`mpremote over ${name}`, () => {
    test.skipIf(!isThere)(`runs code (needs ${needs})`, async () => {
      expect(await run("exec", "print('sum', 1 + 1)")).toBe("sum 2\n");
      expect(await run("eval", "2 ** 40")).toBe("1099511627776\n");
      expect(await run("run", "program.py")).toBe("runs on esp32\n");
      await expect(run("exec", "raise ValueError('no')")).rejects.toThrow("ValueError: no");
    });

    test.skipIf(!isThere)(`keeps files (needs ${needs})`, { timeout: 60_000 }, async () => {
      await run("mkdir", ":lib");
      await run("cp", "program.py", ":lib/program.py");
      expect(await run("ls", ":lib")).toBe("ls :lib\n          42 program.py\n");
      expect(await run("cat", ":lib/program.py")).toBe(readFileSync(join(folder, "program.py"), "utf8"));
      expect(await run("df")).toMatch(
        /^filesystem +size +used +avail use% mounted on\n<VfsLfs2> +2097152 +\d+ +\d+ +\d+ \/\n$/,
      );
      await run("rm", ":lib/program.py");
      expect(await run("ls", ":lib")).toBe("ls :lib\n");
      await run("rmdir", ":lib");
      expect(await run("ls")).not.toContain("lib");
    });

    test.skipIf(!isThere)(`copies 300 KB there and back (needs ${needs})`, { timeout: 120_000 }, async () => {
      await run("cp", "big.bin", ":big.bin");
      expect(await run("ls")).toContain("      300000 big.bin\n");
      expect(await run("sha256sum", ":big.bin")).toContain(createHash("sha256").update(big).digest("hex"));
      await run("cp", ":big.bin", "back.bin");
      expect(readFileSync(join(folder, "back.bin")).equals(big)).toBe(true);
      await run("rm", ":big.bin");
    });

    test.skipIf(!isThere)(`imports from a mounted folder (needs ${needs})`, async () => {
      expect(await run("mount", "mounted", "exec", "import hosted")).toContain("from the host 42\n");
    });

    test.skipIf(!isThere)(`resets the board (needs ${needs})`, async () => {
      await run("exec", "kept = 1");
      expect(await run("resume", "eval", "kept")).toBe("1\n");
      await run("soft-reset");
      await expect(run("resume", "eval", "kept")).rejects.toThrow("NameError");
      await run("resume", "exec", "open('mark', 'w').close()");
      await run("reset");
      await sleep(300);
      expect(await run("exec", "import machine, os; print(machine.reset_cause(), 'mark' in os.listdir())")).toBe(
        "5 True\n",
      );
    });
  });
}
