import { RefusedError, type FlashOperation, type SimFault, type SimFlash } from "@espx/proto";
import type { HostPart, PartChannel } from "../board/host-part.ts";
import { type FlashTiming, instantFlash } from "../chip/flash-timing.ts";
import type { FlashTree } from "../chip/chip-flash.ts";
import { FlashKeeper } from "./flash-keeper.ts";
import {
  cutWord,
  type FlashCut,
  type FlashDone,
  type FlashLimit,
  type FlashPut,
  type FlashSetup,
} from "./flash-messages.ts";
import type { ChipState, FlashSnapshot, NvsEntry, SnapshotNode } from "./flash-snapshot.ts";
import { FlashStore, type FlashStoreOptions } from "./flash-store.ts";

/** Operations that a journal holds before it must be cleared. */
const journalLimit = 1_000_000;

/** The chip whose flash the files are in. */
export interface FlashChip {
  /** Lets the files be what the chip's bytes say. */
  settle(): void;
  state(): ChipState;
}

/** What the host half of a flash is made of. */
export interface FlashHostOptions extends FlashStoreOptions {
  /** Where the flash is kept between runs; its content goes before `files`. */
  readonly stateFile?: string;
  /** How long a running board takes for a change; default no time. */
  readonly timing?: FlashTiming;
}

/**
 * The host half of a board's flash: the truth that survives every reset, and what tests and tools see of it.
 *
 * @throws VerifyError `sim/state-damaged` by the constructor, when the state file is not what was written
 */
export class FlashHost implements HostPart, SimFlash, FlashTree {
  readonly name = "flash";
  readonly versions = { vfs: 0, nvs: 0 };
  /** What the chip had in its flash beside the files, when the state file was written. */
  readonly keptChip: ChipState | undefined;
  #store: FlashStore;
  #chip: FlashChip | undefined;
  readonly #keeper: FlashKeeper | undefined;
  readonly #timing: FlashTiming;
  readonly #cut = new SharedArrayBuffer(12);
  #channel: PartChannel | undefined;
  #journal: FlashOperation[] = [];
  #operations = 0;
  #whenCut: (() => void) | undefined;

  constructor(options: FlashHostOptions = {}) {
    this.#timing = options.timing ?? instantFlash;
    this.#keeper =
      options.stateFile === undefined ? undefined : new FlashKeeper(options.stateFile, () => this.#state());
    const kept = this.#keeper?.load();
    this.keptChip = kept?.chip;
    this.#store = kept === undefined ? new FlashStore(options) : FlashStore.restore(kept);
  }

  /** The chip that the files are in: it is asked to read them from its bytes before they are used from outside. */
  attach(chip: FlashChip): void {
    this.#chip = chip;
  }

  get store(): FlashStore {
    this.#chip?.settle();
    return this.#store;
  }

  replaceFiles(nodes: readonly SnapshotNode[], capacityBytes: number): void {
    const { reservedBlocks } = this.#store.snapshot();
    this.#store = FlashStore.restore({ ...this.#store.snapshot(), nodes, capacityBytes, reservedBlocks });
    this.versions.vfs++;
    this.#keeper?.changed();
  }

  replaceNvs(entries: readonly NvsEntry[]): void {
    for (const { namespace, key } of this.#store.nvs.entries()) this.#store.nvs.set(namespace, key, null);
    for (const { namespace, key, value } of entries) this.#store.nvs.set(namespace, key, value);
    this.versions.nvs++;
    this.#keeper?.changed();
  }

  /** The chip's bytes changed: they are to be kept, too. */
  chipChanged(): void {
    this.#keeper?.changed();
  }

  setup(): FlashSetup {
    return { snapshot: this.snapshot(), cut: this.#cut, timing: this.#timing };
  }

  connect(channel: PartChannel): void {
    this.#channel = channel;
    channel.on("flash-done", (message: FlashDone, atMs) => this.#done(message, atMs));
    channel.on("flash-cut", (message: FlashCut) => this.#wasCut(message));
  }

  disconnect(): void {
    this.#channel = undefined;
    this.#store.losePower();
    this.#keeper?.changed();
  }

  fault(fault: SimFault): boolean {
    if (fault.kind === "flash-full") {
      this.#store.limitFree(fault.freeBytes);
      this.#tell<FlashLimit>({ type: "flash-limit", freeBytes: fault.freeBytes });
    } else if (fault.kind === "flash-failing") {
      Atomics.store(new Int32Array(this.#cut), cutWord.failing, fault.fails ? 1 : 0);
    } else if (fault.kind === "power-cut") {
      if (fault.operation === null) this.disarm();
      else void this.cutAt(fault.operation);
    } else {
      return false;
    }
    return true;
  }

  /**
   * Arms a power cut at the `operation`-th operation from now (1 is the next); see `SimBoard.cutAt`.
   *
   * Resolves when the operation was reached; the board is told to cut its power at the same moment.
   */
  cutAt(operation: number, tornBytes?: number): Promise<void> {
    const words = new Int32Array(this.#cut);
    Atomics.store(words, cutWord.tornBytes, tornBytes ?? -1);
    Atomics.store(words, cutWord.remaining, operation);
    return new Promise((resolve) => (this.#whenCut = resolve));
  }

  /** Calls an armed cut off. */
  disarm(): void {
    Atomics.store(new Int32Array(this.#cut), cutWord.remaining, 0);
  }

  files(): ReadonlyMap<string, Uint8Array> {
    return this.store.files();
  }

  read(path: string): Uint8Array | undefined {
    return this.store.read(path);
  }

  write(path: string, content: Uint8Array | string): void {
    this.store.put(path, content);
    this.versions.vfs++;
    this.#keeper?.changed();
    const bytes = this.store.read(path);
    this.#tell<FlashPut>({ type: "flash-put", path, content: bytes });
  }

  remove(path: string): void {
    this.store.apply({ kind: "remove", path });
    this.versions.vfs++;
    this.#keeper?.changed();
    this.#tell<FlashPut>({ type: "flash-put", path, content: undefined });
  }

  /** What the board's programs did; changes from outside are not in it. */
  get journal(): readonly FlashOperation[] {
    if (this.#journal.length >= journalLimit) {
      throw new RefusedError("sim/journal-full", `the flash journal stopped at ${journalLimit} operations`, {
        hint: "call clearJournal() before the part that matters",
      });
    }
    return this.#journal;
  }

  clearJournal(): void {
    this.#journal = [];
  }

  /** The durable state, to replay a journal from. */
  snapshot(): FlashSnapshot {
    return this.#store.snapshot();
  }

  /** Writes the state file out now; call when the board goes for good. */
  close(): void {
    this.#keeper?.close();
  }

  #done({ operation, mtimeS }: FlashDone, atMs: number): void {
    this.#store.apply(operation, mtimeS);
    this.versions[operation.kind === "nvs" ? "nvs" : "vfs"]++;
    if (this.#journal.length < journalLimit) this.#journal.push(operation);
    this.#keeper?.changed();
    this.#channel?.emit({ kind: "flash", operation, index: this.#operations++ }, atMs);
  }

  #wasCut({ operation, tornBytes }: FlashCut): void {
    if (tornBytes !== undefined) this.#store.applyTorn(operation, tornBytes);
    this.versions.vfs++;
    this.#store.losePower();
    this.#keeper?.changed();
    this.#whenCut?.();
    this.#whenCut = undefined;
  }

  #state(): FlashSnapshot {
    const chip = this.#chip?.state();
    return { ...this.snapshot(), ...(chip !== undefined && { chip }) };
  }

  #tell<M extends { readonly type: string }>(message: M): void {
    this.#channel?.post(message);
  }
}
