import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isEspxError } from "@espx/proto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FlashHost } from "../../src/flash/flash-host.ts";
import { decodeFlash, encodeFlash } from "../../src/flash/flash-image.ts";
import { FlashStore } from "../../src/flash/flash-store.ts";

const stateFile = (): string => join(mkdtempSync(join(tmpdir(), "espx-flash-")), "board.flash");

function filled(): FlashStore {
  const store = new FlashStore({ kind: "fat", files: { "/a.py": "print()", "/d/e": new Uint8Array([0, 10, 255]) } });
  store.apply({ kind: "nvs", namespace: "n", key: "blob", value: new Uint8Array([1, 0, 2]) });
  store.apply({ kind: "nvs", namespace: "n", key: "number", value: -5 });
  return store;
}

describe("the state file of a flash", () => {
  it("gives back what was written", () => {
    const snapshot = filled().snapshot();
    const back = decodeFlash(encodeFlash(snapshot));
    expect(FlashStore.restore(back).snapshot()).toEqual(snapshot);
  });

  it("is refused with a reason when any part is missing or changed", () => {
    const whole = encodeFlash(filled().snapshot());
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = whole.slice();
        changed[at] = (changed[at] ?? 0) ^ flip;
        for (const bytes of [changed, whole.slice(0, at)]) {
          try {
            decodeFlash(bytes);
            expect.unreachable();
          } catch (error) {
            expect(isEspxError(error, "sim/state-damaged")).toBe(true);
          }
        }
      }),
    );
  });

  it("keeps a board's flash from one run to the next", () => {
    const path = stateFile();
    const first = new FlashHost({ stateFile: path, files: { "/boot.py": "one" } });
    first.write("/main.py", "two");
    first.close();
    const second = new FlashHost({ stateFile: path, files: { "/boot.py": "not this" } });
    expect(new TextDecoder().decode(second.read("/boot.py"))).toBe("one");
    expect(new TextDecoder().decode(second.read("/main.py"))).toBe("two");
  });

  it("holds a whole older state while changes gather", async () => {
    const path = stateFile();
    const host = new FlashHost({ stateFile: path });
    host.write("/a", "1");
    await new Promise((resolve) => setTimeout(resolve, 400));
    host.write("/a", "2");
    const kept = FlashStore.restore(decodeFlash(readFileSync(path)));
    expect(new TextDecoder().decode(kept.read("/a"))).toBe("1");
    host.close();
  });

  it("is not silently replaced when it is damaged", () => {
    const path = stateFile();
    writeFileSync(path, "something else");
    expect(() => new FlashHost({ stateFile: path })).toThrow(/cannot be used/);
  });

  it("is whole after its process was killed while it wrote", async () => {
    const path = stateFile();
    const program = fileURLToPath(new URL("keep-writing.ts", import.meta.url));
    for (const afterMs of [250, 405, 610]) {
      const child = spawn(process.execPath, ["--import", "tsx", "--conditions", "@espx/source", program, path]);
      await once(child.stdout, "data");
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      while (!existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 10));
      child.kill("SIGKILL");
      await once(child, "exit");
      const kept = FlashStore.restore(decodeFlash(readFileSync(path)));
      expect(kept.read("/one")?.length).toBeGreaterThan(100_000);
      expect(kept.read("/two")).toEqual(kept.read("/one"));
    }
  });
});
