import type { FlashOperation } from "@espx/proto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fileErrno, FlashRefusal } from "../../src/flash/file-errno.ts";
import { FlashStore } from "../../src/flash/flash-store.ts";
import { FlashModel, operation } from "./flash-model.ts";

const text = (content: Uint8Array | undefined): string | undefined => content && new TextDecoder().decode(content);
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);

function outcome(apply: () => void): string {
  try {
    apply();
    return "ok";
  } catch (error) {
    if (!(error instanceof FlashRefusal)) throw error;
    return Object.entries(fileErrno).find(([, number]) => number === error.errno)?.[0] ?? "?";
  }
}

const plain = (files: ReadonlyMap<string, Uint8Array>): object =>
  Object.fromEntries([...files].map(([path, content]) => [path, [...content]]));

describe.each(["littlefs", "fat"] as const)("a %s flash", (kind) => {
  it("does what a plain map of paths does, error for error", () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const [store, model] = [new FlashStore({ kind }), new FlashModel(kind)];
        for (const op of operations) expect(outcome(() => store.apply(op))).toBe(model.apply(op));
        expect(plain(store.files())).toEqual(Object.fromEntries(model.durableFiles()));
        for (const [path, entry] of model.entries) {
          if (entry !== "folder")
            expect([...(store.readUnsynced(path) ?? [])]).toEqual(entry.unsynced ?? entry.durable);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("is rebuilt from a snapshot and any prefix of a journal as it was then", () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 30 }), fc.array(operation, { maxLength: 30 }), (before, after) => {
        const store = new FlashStore({ kind });
        for (const op of before) outcome(() => store.apply(op));
        store.losePower();
        const initial = structuredClone(store.snapshot());
        const journal: FlashOperation[] = [];
        const states = [store.snapshot()];
        for (const op of after) {
          if (outcome(() => store.apply(op)) !== "ok") continue;
          journal.push(op);
          states.push(structuredClone(store.snapshot()));
        }
        states.forEach((state, upTo) =>
          expect(FlashStore.replay(initial, journal, { upTo }).snapshot()).toEqual(state),
        );
      }),
      { numRuns: 200 },
    );
  });

  it("counts blocks the same whether it grew or was restored", () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const store = new FlashStore({ kind, capacityBytes: 64 * 1024 });
        for (const op of operations) outcome(() => store.apply(op));
        store.losePower();
        expect(FlashStore.restore(store.snapshot()).freeBlocks).toBe(store.freeBlocks);
      }),
    );
  });

  it("refuses a write that does not fit, and keeps what it had", () => {
    const store = new FlashStore({ kind, capacityBytes: 8 * 4096, files: { "/a": "kept" } });
    const write = { kind: "write", path: "/a", offset: 0, bytes: new Uint8Array(9 * 4096) } as const;
    expect(outcome(() => store.apply(write))).toBe("ENOSPC");
    store.losePower();
    expect(text(store.read("/a"))).toBe("kept");
  });

  it("leaves only as much room as the fault says, until it is taken back", () => {
    const store = new FlashStore({ kind });
    store.limitFree(8192);
    expect(store.freeBlocks).toBe(2);
    expect(outcome(() => store.put("/a", new Uint8Array(3 * 4096)))).toBe("ENOSPC");
    store.limitFree(null);
    expect(outcome(() => store.put("/b", new Uint8Array(3 * 4096)))).toBe("ok");
  });
});

describe("power cuts on littlefs", () => {
  const overwrite: FlashOperation[] = [
    { kind: "truncate", path: "/a", sizeBytes: 0 },
    { kind: "write", path: "/a", offset: 0, bytes: bytes("new content") },
    { kind: "close", path: "/a" },
  ];
  const initial = new FlashStore({ files: { "/a": "old" } }).snapshot();
  const after = (upTo: number, tornBytes?: number): string | undefined =>
    text(FlashStore.replay(initial, overwrite, { upTo, ...(tornBytes === undefined ? {} : { tornBytes }) }).read("/a"));

  it("shows the old content at every cut before the close, clean and torn", () => {
    for (const upTo of [0, 1, 2]) for (const torn of [undefined, 0, 5]) expect(after(upTo, torn)).toBe("old");
  });

  it("shows the new content after the close", () => {
    expect(after(3)).toBe("new content");
  });

  it("replaces a file by rename wholly or not at all", () => {
    const files = { "/a": "old", "/b": "new" };
    const rename: FlashOperation[] = [{ kind: "rename", path: "/b", to: "/a" }];
    const torn = FlashStore.replay(new FlashStore({ files }).snapshot(), rename, { upTo: 0, tornBytes: 1 });
    expect([text(torn.read("/a")), text(torn.read("/b"))]).toEqual(["old", "new"]);
    const done = FlashStore.replay(new FlashStore({ files }).snapshot(), rename, { upTo: 1 });
    expect([text(done.read("/a")), text(done.read("/b"))]).toEqual(["new", undefined]);
  });

  it("keeps a new file, empty, from its creation on", () => {
    const journal: FlashOperation[] = [
      { kind: "create", path: "/n" },
      { kind: "write", path: "/n", offset: 0, bytes: bytes("lost") },
    ];
    expect(text(FlashStore.replay(initial, journal, { upTo: 2 }).read("/n"))).toBe("");
  });
});

describe("power cuts on FAT", () => {
  const files = { "/a": "old", "/b": "new" };
  const initial = new FlashStore({ kind: "fat", files }).snapshot();

  it("keeps a prefix of the write that was torn", () => {
    const journal: FlashOperation[] = [{ kind: "write", path: "/a", offset: 0, bytes: bytes("NEWER") }];
    expect(text(FlashStore.replay(initial, journal, { upTo: 0, tornBytes: 2 }).read("/a"))).toBe("NEd");
  });

  it("loses the old name when a rename over it is torn", () => {
    const journal: FlashOperation[] = [{ kind: "rename", path: "/b", to: "/a" }];
    const torn = FlashStore.replay(initial, journal, { upTo: 0, tornBytes: 1 });
    expect([text(torn.read("/a")), text(torn.read("/b"))]).toEqual([undefined, "new"]);
  });
});
