import type { Context } from "../context.ts";
import type { Board } from "./board.ts";
import { consoleText } from "./console-text.ts";
import { localTraceback } from "./local-traceback.ts";

/** May become a line of a traceback, whose file is known only when it is whole. */
const tracebackBegins = /(?:^|\n)(?: {1,2}| {2}F\S*| {2}File [^\n]*)$/;

/** What a program prints, with the files of its tracebacks as they lie here. */
export interface ShownConsole {
  /** Rejects when the port is gone; never resolves. */
  readonly lost: Promise<never>;
  /** Stops listening. */
  close(): void;
}

export function showConsole(ctx: Context, board: Board, localFiles: ReadonlyMap<string, string>): ShownConsole {
  const decode = consoleText();
  let held = "";
  const show = (text: string): void => {
    if (text !== "")
      ctx.out.emit({ kind: "output", data: { stream: "stdout", text: localTraceback(text, localFiles) } });
  };
  let close = (): void => {};
  const lost = new Promise<never>((_, reject) => {
    close = board.listen({
      chunk(bytes) {
        const text = held + decode(bytes);
        held = tracebackBegins.exec(text)?.[0].replace(/^\n/, "") ?? "";
        show(text.slice(0, text.length - held.length));
      },
      closed: (error) => (error === undefined ? undefined : reject(error)),
    });
  });
  lost.catch(() => {});
  return {
    lost,
    close() {
      close();
      show(held);
      held = "";
    },
  };
}
