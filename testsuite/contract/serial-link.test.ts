import { createHash } from "node:crypto";
import { isEspxError } from "@espx/proto";
import type { DeviceError } from "@espx/proto";
import { RawRepl, SerialTransport } from "@espx/serial";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { boardKinds } from "./boards.ts";
import type { ContractBoard } from "./boards.ts";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
/** A folder of its own, since real hardware holds files that somebody needs. */
const folder = "/espx-contract";

for (const kind of boardKinds) {
  const title = kind.missing === undefined ? kind.name : `${kind.name} (skipped: ${kind.missing})`;

  describe.skipIf(kind.missing !== undefined)(`${title}: the raw REPL`, () => {
    let board: ContractBoard;
    let repl: RawRepl;
    beforeAll(async () => {
      board = await kind.open();
      repl = new RawRepl(board.link, board.clock);
      await repl.enter();
    });
    afterAll(async () => {
      repl.close();
      await board.close();
    });

    test("returns what code prints", async () => {
      expect(await repl.exec("print('hello')")).toBe("hello\r\n");
    });

    test("takes code that is longer than any window, and output of any length", async () => {
      const padding = "#".repeat(3000);
      expect(await repl.exec(`${padding}\nprint('ab' * 2000)\n${padding}`)).toBe(`${"ab".repeat(2000)}\r\n`);
    });

    test("takes text of other scripts", async () => {
      const code = "print('ä€')";
      const expected = kind.python ? "ä€\r\n" : expect.any(String);
      expect(await repl.exec(code)).toEqual(expected);
    });

    test("can be left and entered again", async () => {
      expect(await repl.leave()).toBe(true);
      expect(await repl.enter()).toMatchObject({ step: "interrupt", interrupted: false });
      expect(await repl.exec("print('again')")).toBe("again\r\n");
    });

    if (kind.python) {
      test("throws what code raises", async () => {
        const error: unknown = await repl.exec("def f(): return {}['x']\nf()").catch((thrown: unknown) => thrown);
        expect(isEspxError(error, "device/exception")).toBe(true);
        expect((error as DeviceError).remote).toMatchObject({ type: "KeyError", message: "x" });
        expect((error as DeviceError).remote?.traceback).toContain("in f");
      });

      test("throws a syntax error though the code was not read to its end", async () => {
        const error: unknown = await repl.exec(`x = = 1\n${"#\n".repeat(2000)}`).catch((thrown: unknown) => thrown);
        expect((error as DeviceError).remote).toMatchObject({ type: "SyntaxError" });
        expect(await repl.exec("print('fine')")).toBe("fine\r\n");
      });

      test("stops code by Ctrl-C when it is called off, and goes on afterwards", async () => {
        const stop = new AbortController();
        const work = repl.exec("print('on')\nwhile True: pass", {
          onOutput: () => stop.abort(),
          signal: stop.signal,
          timeoutMs: 10_000,
        });
        await expect(work).rejects.toSatisfy((error) => isEspxError(error, "serial/canceled"));
        await repl.enter();
        expect(await repl.exec("print('fine')")).toBe("fine\r\n");
      });
    }
  });

  if (!kind.python) continue;

  describe.skipIf(kind.missing !== undefined)(`${title}: the transport`, () => {
    let board: ContractBoard;
    let transport: SerialTransport;
    beforeAll(async () => {
      board = await kind.open();
      transport = new SerialTransport(board.link, board.clock);
    });
    afterAll(async () => {
      await transport.leave();
      await board.close();
    });

    const bytes = Uint8Array.from({ length: 4000 }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
    const fact = { sizeBytes: bytes.length, sha256: sha256(bytes) };
    const odd = `${folder}/deep/ä 'b'.bin`;

    test("reads an inventory of an interpreter that espx works with", async () => {
      const inventory = await transport.inventory();
      expect(inventory.id).toMatch(/^[0-9a-f]{12}$/);
      expect(inventory.version[0]).toBeGreaterThanOrEqual(1);
      expect(inventory.mpyVersion).toBe(6);
      expect(inventory.freeBytes).toBeGreaterThan(0);
      expect(inventory.heapFreeBytes).toBeGreaterThan(0);
    });

    test("puts a file, finds it in the inventory, copies and removes it", async () => {
      await transport.apply({ kind: "put", path: odd, ...fact, source: { kind: "blob", bytes } });
      const copy = `${folder}/copy.bin`;
      await transport.apply({ kind: "put", path: copy, ...fact, source: { kind: "copy", from: odd } });
      const { files } = await transport.inventory();
      expect(files).toContainEqual({ path: odd, ...fact });
      expect(files).toContainEqual({ path: copy, ...fact });
      for (const path of [odd, copy]) await transport.apply({ kind: "remove", path });
      const left = (await transport.inventory()).files.filter((file) => file.path.startsWith(folder));
      expect(left).toEqual([]);
    });

    test("refuses a file that does not read back as planned, and leaves nothing behind", async () => {
      const step = {
        kind: "put",
        path: odd,
        ...fact,
        sha256: "0".repeat(64),
        source: { kind: "blob", bytes },
      } as const;
      await expect(transport.apply(step)).rejects.toSatisfy((error) => isEspxError(error, "serial/readback-differs"));
      const left = (await transport.inventory()).files.filter((file) => file.path.startsWith(folder));
      expect(left).toEqual([]);
    });
  });
}
