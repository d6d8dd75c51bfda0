import { createHash } from "node:crypto";
import { configPath, decodeSlotRecord, encodeSlotRecord, SLOT_RECORD_PATHS } from "@espx/proto";
import type { FileFact, Inventory, Plan, Release, RefusedError, SlotRecord, Step } from "@espx/proto";
import { buildRelease } from "../src/index.ts";
import type { Decision, ReleaseSource } from "../src/index.ts";

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
export const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();
export const hex = (bytes: Uint8Array): string => Buffer.from(sha256(bytes)).toString("hex");

/** A release from texts; `main.py`, a launcher and no config unless told otherwise. */
export function release(options: {
  readonly files?: Readonly<Record<string, string>>;
  readonly launcher?: Readonly<Record<string, string>>;
  readonly config?: string | null;
  readonly keep?: readonly string[];
  readonly components?: readonly string[];
}): Promise<Release> {
  const list = (files: Readonly<Record<string, string>>): ReleaseSource["files"] =>
    Object.entries(files).map(([path, text]) => ({ path, bytes: bytesOf(text) }));
  const launcher = options.launcher ?? {
    "/boot.py": "# ours",
    "/main.py": "# ours too",
    "/safe/slots.mpy": "M\u0006slots",
  };
  const config = options.config ?? null;
  return buildRelease(
    {
      profile: "blinky",
      sequence: 0,
      components: options.components ?? [],
      keep: options.keep ?? [],
      files: list(options.files ?? { "main.py": "1" }),
      launcher: list(launcher),
      config: config === null ? null : bytesOf(config),
    },
    sha256,
  );
}

/** A board as a map of files: enough to say what would run after any step. */
export class BoardModel {
  readonly files: Map<string, Uint8Array>;

  constructor(files: Iterable<readonly [string, Uint8Array]> = []) {
    this.files = new Map(files);
  }

  static of(files: Readonly<Record<string, string>>): BoardModel {
    return new BoardModel(Object.entries(files).map(([path, text]) => [path, bytesOf(text)] as const));
  }

  copy(): BoardModel {
    return new BoardModel(this.files);
  }

  records(): readonly (SlotRecord | null)[] {
    return SLOT_RECORD_PATHS.map((path) => {
      const bytes = this.files.get(path);
      return bytes === undefined ? null : decodeSlotRecord(bytes);
    });
  }

  newest(): { readonly record: SlotRecord; readonly file: 0 | 1 } | null {
    const [first, second] = this.records();
    if (!first && !second) return null;
    return (first?.count ?? 0) > (second?.count ?? 0)
      ? { record: first as SlotRecord, file: 0 }
      : { record: second as SlotRecord, file: 1 };
  }

  writeRecord(record: SlotRecord): void {
    const file = this.newest()?.file === 0 ? 1 : 0;
    this.files.set(SLOT_RECORD_PATHS[file], encodeSlotRecord(record));
  }

  apply(step: Step): void {
    if (step.kind === "remove") {
      if (!this.files.delete(step.path)) throw new Error(`${step.path} is not there to be removed`);
    } else if (step.kind === "put") {
      const { source } = step;
      const bytes = source.kind === "blob" ? source.bytes : this.files.get(source.from);
      if (bytes === undefined || hex(bytes) !== step.sha256)
        throw new Error(`${step.path} gets other content than planned`);
      this.files.set(step.path, bytes);
    } else if (step.kind === "commit") {
      this.files.set(SLOT_RECORD_PATHS[step.recordFile], encodeSlotRecord(step.record));
    }
  }

  inventory(change: Partial<Inventory> = {}): Inventory {
    const files = [...this.files].map(([path, bytes]): FileFact => ({
      path,
      sizeBytes: bytes.length,
      sha256: hex(bytes),
    }));
    const newest = this.newest();
    const foreign = ["/boot.py", "/main.py"].filter((path) => this.text(path)?.startsWith("foreign") === true);
    return {
      id: "aabbccddeeff",
      chip: "esp32",
      board: "Generic ESP32 module with ESP32",
      version: [1, 27, 0],
      mpyVersion: 6,
      files,
      record: newest?.record ?? null,
      recordFile: newest?.file ?? null,
      freeBytes: 1_000_000,
      heapFreeBytes: 100_000,
      capabilities: [],
      foreign,
      ...change,
    };
  }

  text(path: string): string | undefined {
    const bytes = this.files.get(path);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  }

  /** One set as text: its files and its config. */
  set(slot: string, config: string | null): string {
    const names = [...this.files.keys()].filter((path) => path.startsWith(`/${slot}/`)).toSorted();
    const lines = names.map((path) => `${path.slice(3)}=${this.text(path)}`);
    return [...lines, `config=${this.text(configPath(config)) ?? "none"}`].join("\n");
  }

  /** What the board would run if it started now. */
  running(): string {
    const main = this.text("/main.py");
    if (main === undefined) return "prompt";
    if (main.startsWith("foreign")) return main;
    return this.recorded() ?? "prompt";
  }

  /** The set that the record names, whether or not a launcher is there to run it. */
  recorded(): string | null {
    const record = this.newest()?.record;
    return record === undefined ? null : this.set(record.slot, record.config);
  }

  /** What it would go back to, or null. */
  fallBack(): string | null {
    const record = this.newest()?.record;
    return record?.state === "trial" && record.previous !== null
      ? this.set(record.previous.slot, record.previous.config)
      : null;
  }
}

export function planOf(decision: Decision): Plan {
  if ("refusal" in decision) throw decision.refusal;
  return decision.plan;
}

export function refusalOf(decision: Decision): RefusedError {
  if ("plan" in decision) throw new Error("the plan was not refused");
  return decision.refusal;
}
