import type { Interpreter } from "../../vm/interpreter.ts";
import type { BoardConsole } from "./board-console.ts";
import { controlByte } from "./control-bytes.ts";
import type { PromptProgram } from "./prompt-program.ts";

/** Bytes that a raw-paste client may send before it hears back; two windows are granted at the start. */
const windowBytes = 128;
const rawPasteRequest = [controlByte.e, "A".charCodeAt(0)];
const interruptedPaste = "\x04\x04KeyboardInterrupt: \r\n\x04>";
const greeting = "raw REPL; CTRL-B to exit\r\n>";

/** The raw prompt: code comes in whole, ended by Ctrl-D, and its output goes out framed by `OK` and two Ctrl-D. */
export class RawPrompt {
  readonly #interpreter: Interpreter;
  readonly #console: BoardConsole;
  readonly #program: PromptProgram;

  constructor(interpreter: Interpreter, console: BoardConsole, program: PromptProgram) {
    this.#interpreter = interpreter;
    this.#console = console;
    this.#program = program;
  }

  /** Serves until Ctrl-B asks for the friendly prompt, or a soft reset is due. */
  run(): "friendly" | "soft-reset" {
    const { output } = this.#console;
    let line: number[] = [];
    for (;;) {
      const byte = this.#console.readByte() ?? controlByte.c;
      if (byte === controlByte.b) return "friendly";
      if (byte === controlByte.c) line = [];
      else if (byte === controlByte.a) {
        if (!isRawPaste(line)) output.print(greeting);
        else if (this.#paste() === "soft-reset") return "soft-reset";
        line = [];
      } else if (byte === controlByte.d) {
        output.print("OK");
        if (line.length === 0) return this.#reset();
        if (this.#execute(line) === "soft-reset") return "soft-reset";
        line = [];
      } else line.push(byte);
    }
  }

  #paste(): "done" | "soft-reset" {
    const { output } = this.#console;
    output.writeRaw(Uint8Array.of(0x52, 1, windowBytes, 0, 1));
    output.flush();
    const code: number[] = [];
    for (let left = windowBytes; ;) {
      const byte = this.#console.readByte() ?? controlByte.c;
      if (byte === controlByte.c) {
        output.print(interruptedPaste);
        return "done";
      }
      if (byte === controlByte.d) break;
      code.push(byte);
      if (--left > 0) continue;
      output.print("\x01");
      left = windowBytes;
    }
    output.print("\x04");
    return this.#execute(code);
  }

  #execute(code: readonly number[]): "done" | "soft-reset" {
    const source = new TextDecoder().decode(Uint8Array.from(code));
    const result = this.#console.interruptible(() => this.#interpreter.execute(source));
    const { output } = this.#console;
    output.flush();
    const raised = typeof result === "object" && "exception" in result ? result : undefined;
    const exits = raised?.exception === "SystemExit";
    output.print("\x04");
    if (raised !== undefined && !exits) output.writeText(new TextEncoder().encode(raised.text));
    output.print("\x04");
    if (exits && this.#program.takeSoftReset()) return "soft-reset";
    output.print(">");
    return "done";
  }

  #reset(): "soft-reset" {
    this.#console.output.print("\r\n");
    return "soft-reset";
  }
}

function isRawPaste(line: readonly number[]): boolean {
  return line.length === rawPasteRequest.length && rawPasteRequest.every((byte, at) => line[at] === byte);
}
