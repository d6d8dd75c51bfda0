import type { Context } from "../context.ts";
import { withBoard } from "./board.ts";
import { consoleText } from "./console-text.ts";
import { checkBoard } from "./check-identity.ts";
import { chooseBoard, type BoardWish } from "./choose-port.ts";

/** What `exec` runs, and where. */
export interface ExecOptions extends BoardWish {
  /** Python code, or `-` for standard input. */
  readonly code: string;
  /** Reset the board afterwards. */
  readonly reset: boolean;
}

/**
 * Runs code on a board and emits what it prints as it comes.
 *
 * @throws DeviceError `device/exception` with the traceback when the code raised
 */
export async function execCode(ctx: Context, options: ExecOptions): Promise<void> {
  const code = options.code === "-" ? await readInput(ctx) : options.code;
  const { url, entry } = await chooseBoard(ctx, options);
  const lines = consoleText();
  const print = (bytes: Uint8Array): void => {
    const text = lines(bytes);
    if (text !== "") ctx.out.emit({ kind: "output", data: { stream: "stdout", text } });
  };
  await withBoard(ctx, { url, afterwards: options.reset ? "restart" : "leave-stopped" }, async (board) => {
    const { transport } = board;
    await checkBoard(ctx, board, entry).catch(async (error: unknown) => {
      // The wrong board's program was stopped for the question.
      await transport.reset("commanded", ctx.signal);
      throw error;
    });
    const repl = await transport.repl(ctx.signal);
    await repl.exec(code, { onOutput: print, timeoutMs: Number.POSITIVE_INFINITY, signal: ctx.signal });
    if (options.reset) await transport.reset("commanded", ctx.signal);
  });
}

async function readInput(ctx: Context): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of ctx.terminal.input) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
