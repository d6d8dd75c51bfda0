import type { Progress, SerialLink, Transport } from "@espx/proto";
import type { Context } from "../context.ts";

/** A board behind an open port. */
export interface Board {
  readonly url: string;
  readonly link: SerialLink;
  readonly transport: Transport;
  /** Runs code; its output comes to `print` as it is printed. */
  exec(code: string, print: (bytes: Uint8Array) => void): Promise<void>;
  /** SHA-256 of a file in hexadecimal, or null when there is none. */
  hashOf(path: string): Promise<string | null>;
  put(path: string, content: Uint8Array, progress: Progress): Promise<void>;
  reset(): Promise<void>;
  /** Leaves the board with its program running or at its prompt, and the port closed. */
  close(): Promise<void>;
}

/** Opens a port and makes a board of it. */
export async function openBoard(ctx: Context, url: string): Promise<Board> {
  const link = await ctx.outside.openPort(url, { signal: ctx.signal });
  throw new Error(`not there yet: ${link.url}`);
}
