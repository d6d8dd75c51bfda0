import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CanceledError, type SerialLink } from "@espx/proto";
import { vi } from "vitest";
import { run, type RunResult } from "./_run.ts";

interface Event {
  readonly kind: string;
  readonly code: string | null;
  readonly data: Record<string, unknown>;
}

/** A person at the desk who runs `deploy --watch`, with the events so far. */
export class Desk {
  readonly folder: string;
  readonly #abort = new AbortController();
  readonly ended: Promise<RunResult>;
  #stdout = "";

  constructor(open: () => SerialLink, folder: string, argv: readonly string[]) {
    this.folder = folder;
    const outside = { openPort: () => Promise.resolve(open()) };
    this.ended = run(["deploy", ...argv, "--port", "sim:shed", "--watch", "--json"], {
      cwd: folder,
      outside,
      env: { ESPX_STATE_DIR: join(folder, "state") },
      signal: this.#abort.signal,
      onOutput: (text) => (this.#stdout += text),
    });
  }

  events(kind: string): readonly Event[] {
    const lines = this.#stdout.split("\n").slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Event).filter((event) => event.kind === kind);
  }

  /** What the program has printed. */
  get printed(): string {
    return this.events("output")
      .map(({ data }) => data["text"])
      .join("");
  }

  save(path: string, text: string): Promise<void> {
    return writeFile(join(this.folder, path), text);
  }

  /** Waits for the `count`-th event of a kind. */
  nth(kind: string, count: number): Promise<Event> {
    return vi.waitFor(
      () => {
        const found = this.events(kind)[count - 1];
        if (found === undefined)
          throw new Error(`no event ${kind} came for the ${count}. time; there were:\n${this.#stdout}`);
        return found;
      },
      { timeout: 10_000 },
    );
  }

  prints(text: string): Promise<void> {
    return vi.waitFor(
      () => {
        if (!this.printed.includes(text)) throw new Error(`"${text}" was not printed, but:\n${this.printed}`);
      },
      { timeout: 5_000 },
    );
  }

  async leave(): Promise<RunResult> {
    this.#abort.abort(new CanceledError("cli/interrupted", "interrupted"));
    return this.ended;
  }
}
