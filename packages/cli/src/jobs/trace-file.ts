import { ConfigError, type Clock, type SerialLink } from "@espx/proto";
import { formatTrace, traceLink } from "@espx/serial";
import { closeSync, fchmodSync, openSync, writeSync } from "node:fs";
import type { Context } from "../context.ts";
import { localPath } from "./local-file.ts";

/** A file that takes every byte on a line, with its time. */
export interface TraceFile {
  trace(link: SerialLink): SerialLink;
  close(): void;
}

/**
 * Opens a trace that only its owner can read: what goes over a line may be a secret. Written as it happens, so that it is whole when
 * the run is not.
 *
 * @throws ConfigError `cli/file-unwritten`
 */
export function openTrace(ctx: Context, file: string): TraceFile {
  let handle: number;
  try {
    handle = openSync(localPath(ctx, file), "w", 0o600);
    fchmodSync(handle, 0o600);
  } catch (cause) {
    throw new ConfigError("cli/file-unwritten", `cannot write ${file}`, {
      cause,
      position: { file },
      hint: "name a file in a folder that exists and that you may write to",
    });
  }
  const text = `every byte goes to ${file}; it may hold secrets, and only you can read it`;
  ctx.out.emit({ kind: "log", data: { level: "info", text } });
  const { clock }: { clock: Clock } = ctx;
  const startMs = clock.now();
  return {
    trace: (link) => {
      writeSync(handle, `# ${link.url}\n`);
      return traceLink(link, clock, (entry) => void writeSync(handle, `${formatTrace(entry, startMs)}\n`));
    },
    close: () => closeSync(handle),
  };
}
