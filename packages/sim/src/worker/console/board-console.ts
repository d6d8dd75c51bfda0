import type { Terminal } from "../../vm/system-calls.ts";
import { errno } from "../../vm/errno.ts";
import type { BoardContext } from "../board-context.ts";
import { controlByte } from "./control-bytes.ts";
import { LinePace } from "./line-pace.ts";
import { SerialInput } from "./serial-input.ts";
import { SerialOutput } from "./serial-output.ts";

/** A message with bytes that arrived on the serial line. */
interface SerialMessage {
  readonly bytes: Uint8Array;
}

/** The console of a board: its serial line as Python and the prompt use it. */
export class BoardConsole implements Terminal {
  readonly input = new SerialInput();
  readonly output: SerialOutput;
  /** What the firmware says before a friendly prompt. */
  readonly banner: string;
  readonly #context: BoardContext;

  constructor(context: BoardContext, banner: string) {
    this.#context = context;
    this.banner = banner;
    const pace = new LinePace(context.clock, context.control);
    this.output = new SerialOutput({
      send: (bytes) => {
        pace.add(bytes.length);
        context.post({ type: "serial-out", bytes }, [bytes.buffer]);
      },
      pause: () => pace.wait(),
    });
    context.on("serial-in", ({ bytes }: SerialMessage) => this.input.push(bytes));
    context.attachConsole(this.input);
    context.beforeRest(() => this.output.flush());
  }

  /** Waits for the next byte; undefined when Ctrl-C came instead. */
  readByte(): number | undefined {
    const result = this.#context.until(() => this.input.shift(), Infinity);
    return typeof result === "object" ? result.value : undefined;
  }

  read(target: Uint8Array): number {
    return this.readWithin(target, Infinity);
  }

  /** Waits up to `timeoutMs` for at least one byte; 0 when none came. */
  readWithin(target: Uint8Array, timeoutMs: number): number {
    const result = this.#context.until(() => this.input.read(target) || undefined, timeoutMs);
    if (result === "interrupted") return -errno.EINTR;
    return result === "timeout" ? 0 : result.value;
  }

  write(source: Uint8Array): void {
    this.output.writeText(source);
  }

  /** While `run` lasts, the byte of Ctrl-C interrupts Python instead of being read. */
  interruptible<T>(run: () => T): T {
    this.#context.clearInterrupt();
    this.#context.control.interruptByte = controlByte.c;
    try {
      return run();
    } finally {
      this.#context.control.interruptByte = undefined;
      this.#context.clearInterrupt();
    }
  }

  setInterruptByte(byte: number | undefined): void {
    this.#context.control.interruptByte = byte;
  }
}
