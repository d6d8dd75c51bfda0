import { formatLatin1 } from "@espx/proto";
import type { Interpreter } from "../../vm/interpreter.ts";
import type { BoardConsole } from "./board-console.ts";
import { controlByte } from "./control-bytes.ts";
import type { PromptProgram } from "./prompt-program.ts";
import { RawPrompt } from "./raw-prompt.ts";

const rawGreeting = "raw REPL; CTRL-B to exit\r\n>";

/**
 * The prompt of a board. The friendly one and paste mode are the interpreter's own; raw mode and raw paste are here,
 * since the interpreter's would wait for bytes in a way that never ends in this build.
 *
 * @source MicroPython reference, "The MicroPython Interactive Interpreter Mode", raw-paste mode
 */
export class Prompt {
  readonly #interpreter: Interpreter;
  readonly #console: BoardConsole;
  readonly #program: PromptProgram;
  readonly #raw: RawPrompt;

  constructor(interpreter: Interpreter, console: BoardConsole, program: PromptProgram) {
    this.#interpreter = interpreter;
    this.#console = console;
    this.#program = program;
    this.#raw = new RawPrompt(interpreter, console, program);
  }

  get #friendlyGreeting(): string {
    return `${this.#console.banner}>>> `;
  }

  /** Serves the prompt until a soft reset is asked for; answers whether it was in raw mode then. */
  run(startRaw: boolean): { readonly rawRepl: boolean } {
    const { output } = this.#console;
    output.captured(() => this.#interpreter.startPrompt());
    if (startRaw) output.captured(() => this.#interpreter.feedPrompt(controlByte.a));
    output.print(startRaw ? rawGreeting : this.#friendlyGreeting);
    for (let raw = startRaw; ; raw = !raw) {
      if ((raw ? this.#runRaw() : this.#runFriendly()) === "soft-reset") return { rawRepl: raw };
    }
  }

  #runRaw(): "soft-reset" | "friendly" {
    if (this.#raw.run() === "soft-reset") return "soft-reset";
    this.#console.output.captured(() => this.#interpreter.feedPrompt(controlByte.b));
    this.#console.output.print(`\r\n${this.#friendlyGreeting}`);
    return "friendly";
  }

  #runFriendly(): "soft-reset" | "raw" {
    for (;;) {
      const byte = this.#console.readByte() ?? controlByte.c;
      if (byte === controlByte.a || byte === controlByte.b) {
        if (this.#feedModeByte(byte)) return "raw";
      } else if (this.#feed(byte)) {
        this.#console.output.flush();
        return "soft-reset";
      }
    }
  }

  #feed(byte: number): boolean {
    this.#program.takeSoftReset();
    const exits = this.#console.interruptible(() => this.#interpreter.feedPrompt(byte));
    this.#console.output.flush();
    return this.#program.takeSoftReset() || exits;
  }

  /**
   * Ctrl-A and Ctrl-B change the mode on an empty line, and move the cursor on any other; what the interpreter
   * prints tells which. Its greetings are replaced, as they name another board.
   */
  #feedModeByte(byte: number): boolean {
    const { output } = this.#console;
    const printed = output.captured(() => this.#interpreter.feedPrompt(byte));
    const text = formatLatin1(printed);
    const raw = text.includes("raw REPL;");
    if (raw) output.print(`\r\n${rawGreeting}`);
    else if (text.includes("MicroPython v")) output.print(`\r\n${this.#friendlyGreeting}`);
    else output.writeRaw(printed);
    output.flush();
    return raw;
  }
}
