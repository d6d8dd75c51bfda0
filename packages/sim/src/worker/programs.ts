import type { BoardFileSystem } from "../vm/file-system.ts";
import type { BoardConsole } from "./console/board-console.ts";
import type { PromptProgram } from "./console/prompt-program.ts";
import type { Support } from "./load-support.ts";

/** What a program ended with: by itself, by an exception, or by `machine.soft_reset()`. */
type Outcome = "done" | "raised" | "soft-reset";

/** Runs what the firmware runs before the prompt. */
export class Programs {
  readonly #console: BoardConsole;
  readonly #files: BoardFileSystem;
  readonly #support: Support;
  readonly #program: PromptProgram;

  constructor(console: BoardConsole, files: BoardFileSystem, support: Support, program: PromptProgram) {
    this.#console = console;
    this.#files = files;
    this.#support = support;
    this.#program = program;
  }

  /** `boot.py`, then `main.py` unless the prompt is raw or `boot.py` raised. */
  run(rawRepl: boolean): Outcome {
    const boot = this.#runIfThere("boot.py");
    return boot !== "done" || rawRepl ? boot : this.#runIfThere("main.py");
  }

  #runIfThere(file: string): Outcome {
    const stat = this.#files.stat(`/${file}`);
    if (typeof stat === "number" || stat.kind !== "file") return "done";
    this.#program.takeSoftReset();
    const result = this.#console.interruptible(() => this.#support.runFile(file));
    if (typeof result !== "object" || !("exception" in result)) return "done";
    if (result.exception === "SystemExit") return this.#program.takeSoftReset() ? "soft-reset" : "raised";
    this.#console.output.writeText(new TextEncoder().encode(result.text));
    this.#console.output.flush();
    return "raised";
  }
}
