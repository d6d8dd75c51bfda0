import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packAssets } from "../build/assets.ts";
import { removeModules } from "../build/builtin-modules.ts";
import { ensureInterpreter, verifySource } from "../build/interpreter.ts";
import { findLandmarks } from "../build/landmarks.ts";
import { shareMemory } from "../build/shared-memory.ts";
import { parseWat } from "../build/wat.ts";
import { loadAssets } from "../src/assets.ts";
import type { SimEvent } from "@espx/proto";
import { createWorld } from "../src/world.ts";
import { outputOf } from "./board-fixture.ts";

describe("the build of the interpreter", () => {
  it("is done once", async () => {
    const first = await ensureInterpreter();
    const started = performance.now();
    expect(await ensureInterpreter()).toEqual(first);
    expect(performance.now() - started).toBeLessThan(1500);
  });

  it("refuses a source that is not the pinned one", () => {
    expect(() => verifySource(new Uint8Array(8), "/x/micropython.wasm")).toThrowError(
      expect.objectContaining({
        code: "sim/interpreter-changed",
        message: expect.stringContaining("/x/micropython.wasm has SHA-256"),
      }),
    );
  });

  it("says which place it does not find", () => {
    expect(() => findLandmarks(parseWat("(module\n (func $a (nop))\n)"))).toThrowError(
      expect.objectContaining({ code: "sim/interpreter-unknown", message: expect.stringContaining("mp_js_init") }),
    );
    expect(() => shareMemory(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), 16)).toThrowError(
      expect.objectContaining({ code: "sim/interpreter-unknown" }),
    );
    expect(() =>
      removeModules(
        new Uint8Array(64),
        new Map([
          ["js", 3834],
          ["jsffi", 3842],
          ["gc", 3514],
        ]),
      ),
    ).toThrowError(expect.objectContaining({ code: "sim/interpreter-unknown" }));
  });

  it("leaves no entry of the modules that lead to the host", async () => {
    const { layout, wasm } = await ensureInterpreter();
    expect(JSON.parse(await readFile(layout, "utf8"))).toMatchObject({ pendingException: expect.any(Number) });
    const memory = WebAssembly.Module.imports(new WebAssembly.Module(await readFile(wasm)));
    expect(memory.some(({ name }) => name === "lookup_attr")).toBe(true);
    expect(
      await outputOf(
        "for name in ('js', 'jsffi'):\n    try:\n        __import__(name)\n        print('there')\n    except ImportError:\n        print('gone')\n",
      ),
    ).toBe("gone\r\ngone\r\n");
  });
});

describe("the packed assets", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "espx-assets-"));
    await packAssets(folder);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("run a board", async () => {
    expect(await outputOf("print('packed')\n", { assets: folder })).toBe("packed\r\n");
  });

  it("are what the build from sources gives", async () => {
    const [packed, built] = [await loadAssets(folder), await loadAssets()];
    expect(packed.layout).toEqual(built.layout);
    expect(packed.python).toEqual(built.python);
  });

  it("that are damaged make the board fail loudly", async () => {
    const damaged = await mkdtemp(join(tmpdir(), "espx-assets-"));
    await cp(folder, damaged, { recursive: true });
    await writeFile(join(damaged, "python", "machine.py"), "1 / 0\n");
    const world = await createWorld({ mode: "real", assets: damaged });
    const board = await world.addBoard({ name: "damaged" });
    const events: SimEvent[] = [];
    board.onEvent((event) => events.push(event));
    await expect(board.powerOn()).rejects.toMatchObject({ code: "sim/board-failed" });
    expect(board.running).toBe(false);
    expect(events.at(-1)).toMatchObject({ kind: "off", why: "crash" });
    const console = events.flatMap((event) => (event.kind === "console" ? [...event.bytes] : []));
    expect(Buffer.from(console).toString()).toMatch(/the virtual board failed: .*ZeroDivisionError/s);
    await world.close();
    await rm(damaged, { recursive: true });
  });

  it("are missed by name", async () => {
    const empty = await mkdtemp(join(tmpdir(), "espx-assets-"));
    await writeFile(join(empty, "interpreter.wasm"), "");
    await expect(loadAssets(empty)).rejects.toMatchObject({ code: "sim/assets-missing", exitCode: 4 });
    await rm(empty, { recursive: true });
  });
});
