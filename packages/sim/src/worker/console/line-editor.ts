import type { BoardConsole } from "./board-console.ts";

const key = {
  controlD: 4,
  backspace: 8,
  lineFeed: 10,
  carriageReturn: 13,
  escape: 27,
  space: 32,
  delete: 127,
} as const;

/** What a line ended with. */
export type LineResult = { readonly line: string } | "interrupted" | "end-of-file";

/** Reads one line as `input()` does: echoes what is typed, takes back on backspace, drops escape sequences. */
export function readLine(console: BoardConsole, prompt: string): LineResult {
  console.output.print(prompt);
  const line: number[] = [];
  for (;;) {
    const byte = console.readByte();
    if (byte === undefined) return "interrupted";
    if (byte === key.controlD && line.length === 0) return "end-of-file";
    if (byte === key.carriageReturn || byte === key.lineFeed) {
      console.output.print("\r\n");
      return { line: new TextDecoder().decode(Uint8Array.from(line)) };
    }
    if (byte === key.backspace || byte === key.delete) eraseLast(console, line);
    else if (byte === key.escape) dropEscape(console);
    else if (byte >= key.space) echo(console, line, byte);
  }
}

function echo(console: BoardConsole, line: number[], byte: number): void {
  line.push(byte);
  console.output.writeRaw(Uint8Array.of(byte));
}

function eraseLast(console: BoardConsole, line: number[]): void {
  if (line.pop() !== undefined) console.output.print("\b\x1b[K");
}

/** An escape sequence is `ESC [`, parameters, and one letter or `~`. */
function dropEscape(console: BoardConsole): void {
  if (console.readByte() !== 0x5b) return;
  for (let byte = console.readByte(); byte !== undefined && byte < 0x40;) byte = console.readByte();
}
