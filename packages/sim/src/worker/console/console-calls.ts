import { errno } from "../../vm/errno.ts";
import type { HostCalls, WorkerContext } from "../context.ts";
import type { BoardConsole } from "./board-console.ts";
import { readLine } from "./line-editor.ts";

/** End of input, which `input()` raises as EOFError; no error number means it. */
const endOfFile = -1000;

/** What the divider of the chip's UART reaches. */
const highestBaud = 5_000_000;

/** The console as Python's `sys.stdin`, `sys.stdout`, `input()` and `micropython.kbd_intr` use it. */
export function consoleCalls(context: WorkerContext, console: BoardConsole): HostCalls {
  const bytesAt = (address: number, length: number): Uint8Array => context.memory().subarray(address, address + length);
  return {
    console_write: (address: number, length: number, cooked: boolean) => {
      if (cooked) console.output.writeText(bytesAt(address, length));
      else console.output.writeRaw(bytesAt(address, length));
      return length;
    },
    console_read: (address: number, length: number, timeoutMs: number) =>
      console.readWithin(bytesAt(address, length), timeoutMs < 0 ? Infinity : timeoutMs),
    console_any: () => {
      context.poll();
      return console.input.lengthBytes;
    },
    console_line: (prompt: string) => {
      const result = readLine(console, prompt);
      if (result === "interrupted") return -errno.EINTR;
      return result === "end-of-file" ? endOfFile : result.line;
    },
    console_baud: (baudRate: number) => {
      if (!(baudRate >= 1 && baudRate <= highestBaud)) return -errno.EINVAL;
      console.setBaud(baudRate);
      return 0;
    },
    console_interrupt_byte: (byte: number) => {
      console.setInterruptByte(byte < 0 ? undefined : byte);
      return 0;
    },
  };
}
