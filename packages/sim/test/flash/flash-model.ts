import type { FlashOperation } from "@espx/proto";
import fc from "fast-check";

const paths = ["/a", "/b", "/d", "/d/x", "/d/y", "/d/e", "/d/e/z"];
const path = fc.constantFrom(...paths);
const bytes = fc.uint8Array({ minLength: 0, maxLength: 300 });

/** Any operation on a handful of paths, most of them possible. */
export const operation: fc.Arbitrary<FlashOperation> = fc.oneof(
  fc.record({ kind: fc.constantFrom("create", "mkdir", "remove", "rmdir"), path }),
  fc.record({ kind: fc.constant("write" as const), path, offset: fc.nat(400), bytes }),
  fc.record({ kind: fc.constant("truncate" as const), path, sizeBytes: fc.nat(400) }),
  fc.record({ kind: fc.constantFrom("sync", "close"), path }),
  fc.record({ kind: fc.constant("rename" as const), path, to: path }),
  fc.record({
    kind: fc.constant("nvs" as const),
    namespace: fc.constantFrom("n", "m"),
    key: fc.constantFrom("k", "l"),
    value: fc.option(fc.oneof(fc.integer(), bytes)),
  }),
) as fc.Arbitrary<FlashOperation>;

type ModelFile = { durable: number[]; unsynced: number[] | undefined };

/** A file system as a flat map, written without a thought for speed or for the tested code. */
export class FlashModel {
  readonly entries = new Map<string, "folder" | ModelFile>();
  readonly #durableAtOnce: boolean;

  constructor(kind: "littlefs" | "fat") {
    this.#durableAtOnce = kind === "fat";
  }

  /** Name of the error, or "ok". */
  apply(op: FlashOperation): string {
    if (op.kind === "nvs") return "ok";
    const parent = this.#parent(op.path);
    if (op.kind === "create" || op.kind === "mkdir") {
      if (parent !== "ok") return parent;
      if (this.entries.has(op.path)) return "EEXIST";
      this.entries.set(op.path, op.kind === "mkdir" ? "folder" : { durable: [], unsynced: undefined });
      return "ok";
    }
    if (op.kind === "remove" || op.kind === "rmdir") return parent === "ok" ? this.#remove(op.path, op.kind) : parent;
    if (op.kind === "rename") return parent === "ok" ? this.#rename(op.path, op.to) : parent;
    const file = this.entries.get(op.path);
    if (file === undefined) return "ENOENT";
    if (file === "folder") return "EISDIR";
    if (op.kind === "write") {
      const content = (file.unsynced ??= [...file.durable]);
      while (content.length < op.offset) content.push(0);
      op.bytes.forEach((byte, index) => (content[op.offset + index] = byte));
    } else if (op.kind === "truncate") {
      const content = (file.unsynced ??= [...file.durable]);
      while (content.length < op.sizeBytes) content.push(0);
      content.length = op.sizeBytes;
    }
    if (op.kind === "sync" || op.kind === "close" || this.#durableAtOnce) {
      file.durable = file.unsynced ?? file.durable;
      file.unsynced = undefined;
    }
    return "ok";
  }

  durableFiles(): Map<string, number[]> {
    const files = new Map<string, number[]>();
    for (const [path, entry] of this.entries) if (entry !== "folder") files.set(path, entry.durable);
    return files;
  }

  #parent(path: string): string {
    const parent = path.slice(0, path.lastIndexOf("/"));
    if (parent === "") return "ok";
    const above = this.#parent(parent);
    if (above !== "ok") return above;
    const entry = this.entries.get(parent);
    return entry === undefined ? "ENOENT" : entry === "folder" ? "ok" : "ENOTDIR";
  }

  #below(path: string): string[] {
    return [...this.entries.keys()].filter((other) => other.startsWith(`${path}/`));
  }

  #remove(path: string, kind: string): string {
    const entry = this.entries.get(path);
    if (entry === undefined) return "ENOENT";
    if (kind === "remove" && entry === "folder") return "EISDIR";
    if (kind === "rmdir" && entry !== "folder") return "ENOTDIR";
    if (this.#below(path).length > 0) return "ENOTEMPTY";
    this.entries.delete(path);
    return "ok";
  }

  #rename(from: string, to: string): string {
    const entry = this.entries.get(from);
    if (entry === undefined) return "ENOENT";
    if (to.startsWith(`${from}/`)) return "EINVAL";
    const parent = this.#parent(to);
    if (parent !== "ok") return parent;
    if (from === to) return "ok";
    const target = this.entries.get(to);
    if (target === "folder" && entry !== "folder") return "EISDIR";
    if (target !== undefined && target !== "folder" && entry === "folder") return "ENOTDIR";
    if (this.#below(to).length > 0) return "ENOTEMPTY";
    this.entries.delete(to);
    for (const path of [from, ...this.#below(from)]) {
      const moved = this.entries.get(path);
      this.entries.delete(path);
      if (moved !== undefined) this.entries.set(to + path.slice(from.length), moved);
    }
    return "ok";
  }
}
