import { ConfigError } from "@espx/proto";
import { closeSync, openSync, writeSync } from "node:fs";
import type { Context } from "../context.ts";
import { localPath } from "./local-file.ts";

/** A file that takes what a board says. */
export interface ConsoleLog {
  write(bytes: Uint8Array): void;
  close(): void;
}

/**
 * Opens a file to which each line is added with the time at which it began; only its owner can read a new one.
 *
 * @throws ConfigError `cli/file-unwritten`
 */
export function openConsoleLog(ctx: Context, file: string, now: () => Date = () => new Date()): ConsoleLog {
  const handle = openLog(ctx, file);
  const decoder = new TextDecoder();
  let begun = false;
  const write = (text: string): void => {
    for (const piece of text.replaceAll("\r", "").split(/(?<=\n)/)) {
      if (piece === "") continue;
      writeSync(handle, begun ? piece : `${now().toISOString()} ${piece}`);
      begun = !piece.endsWith("\n");
    }
  };
  return {
    write: (bytes) => write(decoder.decode(bytes, { stream: true })),
    close() {
      if (begun) writeSync(handle, "\n");
      closeSync(handle);
    },
  };
}

function openLog(ctx: Context, file: string): number {
  try {
    return openSync(localPath(ctx, file), "a", 0o600);
  } catch (cause) {
    throw new ConfigError("cli/file-unwritten", `cannot write ${file}`, {
      cause,
      position: { file },
      hint: "name a file in a folder that exists and that you may write to",
    });
  }
}
