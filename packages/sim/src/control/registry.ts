import { BusyError, NotFoundError, UsageError } from "@espx/proto";
import { linkSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { answers, isAlive, isOrphan } from "./liveness.ts";
import { parseEntry, type RegistryEntry } from "./registry-entry.ts";
import { ensureRuntimeFolder, socketPath } from "./runtime-folder.ts";
import { parseJson } from "./wire-error.ts";

const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/;

/**
 * The simulators of this user: one JSON file `NAME.json` each, in a folder of its own.
 *
 * A file whose process or control socket is gone is removed by whoever meets it.
 */
export class Registry {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** @throws UsageError `sim/bad-name` */
  static checkName(name: string): void {
    if (namePattern.test(name)) return;
    throw new UsageError("sim/bad-name", `"${name}" cannot name a simulator`, {
      hint: "use 1 to 32 letters, digits, dots, hyphens or underscores, beginning with a letter or a digit",
    });
  }

  /** Paths for the sockets of a simulator of this process. */
  socketPaths(name: string): { readonly serialPath: string; readonly controlPath: string } {
    ensureRuntimeFolder(this.folder);
    return {
      serialPath: socketPath(this.folder, { name, kind: "serial" }),
      controlPath: socketPath(this.folder, { name, kind: "control" }),
    };
  }

  /** Paths for the pseudo-terminal of a simulator of this process. */
  terminalPaths(name: string): { readonly linkPath: string; readonly socketPath: string } {
    ensureRuntimeFolder(this.folder);
    return { linkPath: join(this.folder, `${name}.tty`), socketPath: socketPath(this.folder, { name, kind: "pty" }) };
  }

  /** Simulators that run, by name. */
  async list(): Promise<readonly RegistryEntry[]> {
    const names = this.#names().filter((file) => file.endsWith(".json"));
    const entries = await Promise.all(names.map((file) => this.#living(file.slice(0, -".json".length))));
    return entries.filter((entry) => entry !== undefined).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** @throws NotFoundError `port/not-found`, listing what runs */
  async find(name: string): Promise<RegistryEntry> {
    const entry = namePattern.test(name) ? await this.#living(name) : undefined;
    if (entry !== undefined) return entry;
    const running = (await this.list()).map((one) => `sim:${one.name}`);
    const others = running.length === 0 ? "no simulator runs" : `running: ${running.join(", ")}`;
    throw new NotFoundError("port/not-found", `no simulator named "${name}" (${others})`, {
      hint: namePattern.test(name)
        ? `start it in another terminal: espx sim ${name}`
        : "list what there is: espx ports",
      details: { url: `sim:${name}`, running },
    });
  }

  /** @throws BusyError `sim/name-taken` when a simulator of that name runs, naming its process */
  async assertFree(name: string): Promise<void> {
    const holder = await this.#living(name);
    if (holder !== undefined) throw nameTaken(holder);
    for (const file of this.#names()) if (isOrphan(file)) rmSync(join(this.folder, file), { force: true });
  }

  /**
   * Tells others of a simulator whose sockets listen already.
   *
   * @throws BusyError `sim/name-taken` when another was faster
   */
  async publish(entry: RegistryEntry): Promise<void> {
    ensureRuntimeFolder(this.folder);
    const file = this.#file(entry.name);
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
    try {
      // A hard link appears complete and fails when the name exists: two at once cannot both win.
      linkSync(draft, file);
    } catch (cause) {
      const holder = await this.#living(entry.name);
      if (holder === undefined) throw cause;
      throw nameTaken(holder);
    } finally {
      rmSync(draft, { force: true });
    }
  }

  /** Takes a simulator of this process off the list; synchronous, so that a process that exits can do it. */
  withdraw(entry: RegistryEntry): void {
    const current = this.#read(entry.name);
    if (current?.pid === entry.pid && current.serialPath === entry.serialPath) this.#remove(entry);
  }

  async #living(name: string): Promise<RegistryEntry | undefined> {
    const entry = this.#read(name);
    if (entry === undefined) return undefined;
    if (isAlive(entry.pid) && (await answers(entry.controlPath))) return entry;
    // Between looking and removing, a new simulator may have taken the name over.
    if (JSON.stringify(this.#read(name)) === JSON.stringify(entry)) this.#remove(entry);
    return undefined;
  }

  #read(name: string): RegistryEntry | undefined {
    let text: string;
    try {
      text = readFileSync(this.#file(name), "utf8");
    } catch {
      return undefined;
    }
    const entry = parseEntry(parseJson(text), name);
    if (entry === undefined) rmSync(this.#file(name), { force: true });
    return entry;
  }

  #remove(entry: RegistryEntry): void {
    unlinkQuietly(this.#file(entry.name));
    for (const path of [entry.serialPath, entry.controlPath]) if (path.startsWith(this.folder)) unlinkQuietly(path);
  }

  #file(name: string): string {
    return join(this.folder, `${name}.json`);
  }

  #names(): readonly string[] {
    try {
      return readdirSync(this.folder);
    } catch {
      return [];
    }
  }
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

function nameTaken(holder: RegistryEntry): BusyError {
  return new BusyError("sim/name-taken", `a simulator named "${holder.name}" runs already (pid ${holder.pid})`, {
    hint: `use it as sim:${holder.name}, stop it with Ctrl-C in its terminal, or choose another name`,
    details: { name: holder.name, pid: holder.pid },
  });
}
