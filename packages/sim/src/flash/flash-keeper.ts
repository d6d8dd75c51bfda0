import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { decodeFlash, encodeFlash } from "./flash-image.ts";
import type { FlashSnapshot } from "./flash-snapshot.ts";

/** How long changes gather before they are written out: what a killed process may lose. */
const gatherMs = 200;

/** Keeps a board's flash in a file of the host; the file is always a whole state, never a mixture. */
export class FlashKeeper {
  readonly #path: string;
  readonly #snapshot: () => FlashSnapshot;
  #timer: NodeJS.Timeout | undefined;

  constructor(path: string, snapshot: () => FlashSnapshot) {
    this.#path = path;
    this.#snapshot = snapshot;
  }

  /**
   * What the file holds; undefined when there is none.
   *
   * @throws VerifyError `sim/state-damaged`
   */
  load(): FlashSnapshot | undefined {
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
    return decodeFlash(bytes);
  }

  changed(): void {
    this.#timer ??= setTimeout(() => this.#save(), gatherMs);
  }

  close(): void {
    if (this.#timer !== undefined) this.#save();
  }

  #save(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    const temporary = `${this.#path}.${process.pid}.tmp`;
    const file = openSync(temporary, "w", 0o600);
    try {
      const bytes = encodeFlash(this.#snapshot());
      for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, this.#path);
  }
}
