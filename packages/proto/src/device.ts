import type { SlotName, SlotRecord } from "./slot-record.ts";

/** One file as it is or shall be on a board. Paths are absolute, `/`-separated. */
export interface FileFact {
  readonly path: string;
  readonly sizeBytes: number;
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

/** What a board is and holds: read in one exchange, before anything is decided. */
export interface Inventory {
  /** The chip's MAC, 12 lower-case hexadecimal digits: the one name that stays. */
  readonly id: string;
  /** `sys.platform`, with the member of the family that `board` names: `esp32`, `esp32c3`. */
  readonly chip: string;
  /** `os.uname().machine`. */
  readonly board: string;
  /** Name of the MicroPython build with its variant, such as `ESP32_GENERIC-SPIRAM`; absent where the firmware does not tell. */
  readonly build?: string;
  /** MicroPython version, for example [1, 27, 0]. */
  readonly version: readonly [number, number, number];
  /** `.mpy` version its interpreter loads: low byte of `sys.implementation._mpy`. */
  readonly mpyVersion: number;
  /** Architecture of native code in `.mpy` files that it loads, 0 for none; absent where that was not read. */
  readonly mpyArch?: number;
  /** Every file of the board except below `/rom`. */
  readonly files: readonly FileFact[];
  /** The newest valid slot record, or null on a board that never had one. */
  readonly record: SlotRecord | null;
  /** Which of the two record files is the newest, so that the next write takes the other; null without a record. */
  readonly recordFile: 0 | 1 | null;
  readonly freeBytes: number;
  readonly heapFreeBytes: number;
  /** What the board can do beyond the minimum, for example `deflate`. */
  readonly capabilities: readonly string[];
  /** Those of `/boot.py` and `/main.py` that hold a program which is not espx's launcher. */
  readonly foreign: readonly string[];
}

/** A file of a release, with its bytes where the sender has them. */
export interface ReleaseFile extends FileFact {
  readonly bytes: Uint8Array;
}

/** What a manifest becomes when built. Paths of `files` are relative to the slot, those of `launcher` absolute. */
export interface Release {
  /** `<profile>-<8 hexadecimal digits>`: equal content has equal ids. */
  readonly id: string;
  readonly profile: string;
  /** Grows with every release that is signed; 0 for one that never leaves the desk. */
  readonly sequence: number;
  readonly files: readonly ReleaseFile[];
  readonly launcher: readonly ReleaseFile[];
  /** Paths and globs of the program's own data: relative ones are carried to the next slot, absolute ones are never touched. */
  readonly keep: readonly string[];
  /** The device's config file, or null when the release brings none. */
  readonly config: ReleaseFile | null;
}

/** One change on a board. Steps are applied in order; what stands before `commit` must not change what runs. */
export type Step =
  | {
      readonly kind: "put";
      readonly path: string;
      readonly sizeBytes: number;
      readonly sha256: string;
      readonly source: StepSource;
    }
  | { readonly kind: "remove"; readonly path: string }
  | { readonly kind: "commit"; readonly record: SlotRecord; readonly recordFile: 0 | 1 }
  | { readonly kind: "reset" };

/** Where the content of a `put` comes from; a delta joins here later. */
export type StepSource =
  | { readonly kind: "blob"; readonly bytes: Uint8Array }
  | { readonly kind: "copy"; readonly from: string };

/** The steps that turn a board into what a release says. */
export interface Plan {
  readonly steps: readonly Step[];
  /** The slot that will run; null in layout flat, which has none. */
  readonly slot: SlotName | null;
  /** True when the board already is what the release says; `steps` is empty then. */
  readonly upToDate: boolean;
  /** Bytes that travel: the sizes of all blobs. */
  readonly sendBytes: number;
}

/** How far an `apply` has come; bytes count content, not what the wire adds. */
export type Progress = (doneBytes: number, totalBytes: number, path: string) => void;

/** What the running framework answers about itself. */
export interface RunningState {
  readonly release: string;
  readonly slot: SlotName;
  readonly state: "trial" | "confirmed" | "dev";
  /** Components that do not report health, by name. */
  readonly waitingFor: readonly string[];
  /** The chip's MAC, 12 lower-case hexadecimal digits, where the framework tells it. */
  readonly id?: string;
  /** Stays the same for as long as nothing that a deploy compares has changed; opaque. */
  readonly digest?: string;
}

/** A way to change a board: the cable, or the air. */
export interface Transport {
  inventory(signal?: AbortSignal): Promise<Inventory>;
  /** Prepares a change; answers the steps (by index) that an interrupted earlier run has already done. */
  begin(plan: Plan, signal?: AbortSignal): Promise<ReadonlySet<number>>;
  apply(step: Step, options?: { readonly progress?: Progress; readonly signal?: AbortSignal }): Promise<void>;
  /** Resolves with what runs after the commit, once it is confirmed or has fallen back. */
  watch(options: { readonly timeoutMs: number; readonly signal?: AbortSignal }): Promise<RunningState>;
}
