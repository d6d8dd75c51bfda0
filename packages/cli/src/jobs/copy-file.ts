import { basename } from "node:path";
import { type FileFact, formatHex, parseConfigText, ProtocolError, UsageError } from "@espx/proto";
import type { Context } from "../context.ts";
import type { EventData } from "../events.ts";
import { sha256 } from "../release/build.ts";
import { withBoard, type Board } from "./board.ts";
import { checkBoard } from "./check-identity.ts";
import { chooseBoard, type BoardWish } from "./choose-port.ts";
import { readLocal } from "./local-file.ts";

/** One file and the board it goes to. */
export interface CopyOptions extends BoardWish {
  readonly file: string;
}

/** Copies a file to its name at the root, or to `target`. */
export async function copyFile(
  ctx: Context,
  { target, ...options }: CopyOptions & { readonly target: string | undefined },
): Promise<EventData<"file">> {
  const content = await readLocal(ctx, options.file);
  const path = targetPath(options.file, target);
  return onBoard(ctx, options, async (board) =>
    put(ctx, board, { path, content, files: (await board.inventory()).files }),
  );
}

/** Copies a config to `/config.txt`, and says when the running set uses another one. */
export async function copyConfig(ctx: Context, options: CopyOptions): Promise<EventData<"file">> {
  const content = await readLocal(ctx, options.file);
  checkConfigText(options.file, content);
  return onBoard(ctx, options, async (board) => {
    const { record, files } = await board.inventory();
    const done = await put(ctx, board, { path: "/config.txt", content, files });
    if (record !== null && record.config !== null) {
      const text = `the set in slot ${record.slot} was deployed with its own config and goes on using it; espx deploy PROFILE --config ${options.file} changes that`;
      ctx.out.emit({ kind: "log", data: { level: "warning", text } });
    }
    return done;
  });
}

/** Copies a program to `main.py` of the slot that runs, or to `/main.py` where no slot runs. */
export async function copyMain(ctx: Context, options: CopyOptions): Promise<EventData<"file">> {
  const content = await readLocal(ctx, options.file);
  return onBoard(ctx, options, async (board) => {
    const { record, files, foreign } = await board.inventory();
    const slots = record !== null && !foreign.includes("/main.py");
    return put(ctx, board, { path: slots ? `/${record.slot}/main.py` : "/main.py", content, files });
  });
}

async function onBoard<T>(ctx: Context, options: BoardWish, work: (board: Board) => Promise<T>): Promise<T> {
  const { url, entry } = await chooseBoard(ctx, options);
  return withBoard(ctx, { url, afterwards: "restart" }, async (board) => {
    await checkBoard(ctx, board, entry);
    return work(board);
  });
}

interface Put {
  readonly path: string;
  readonly content: Uint8Array;
  /** What the board holds. */
  readonly files: readonly FileFact[];
}

async function put(ctx: Context, board: Board, { path, content, files }: Put): Promise<EventData<"file">> {
  const digest = formatHex(await sha256(content));
  const unchanged = files.some((file) => file.path === path && file.sha256 === digest);
  const data = { path, sizeBytes: content.length, sha256: digest, unchanged };
  if (ctx.flags.dryRun) {
    const text = unchanged ? `${path} is there already` : `would write ${content.length} bytes to ${path}`;
    ctx.out.emit({ kind: "log", data: { level: "info", text } });
    return data;
  }
  if (!unchanged) await board.put(path, content);
  ctx.out.emit({ kind: "file", data });
  return data;
}

function targetPath(file: string, target: string | undefined): string {
  const named = target === undefined ? basename(file) : target.endsWith("/") ? `${target}${basename(file)}` : target;
  const path = named.startsWith("/") ? named : `/${named}`;
  if (path.split("/").some((part, index) => part === ".." || part === "." || (part === "" && index > 0))) {
    throw new UsageError("cli/argument-value", `"${target}" cannot be a path on a board`, {
      hint: "for example /lib/helper.py",
    });
  }
  return path;
}

function checkConfigText(file: string, content: Uint8Array): void {
  if (parseConfigText(new TextDecoder().decode(content)).length > 0) return;
  throw new ProtocolError("proto/bad-config-value", `${file} holds no setting`, {
    hint: "a config has lines such as: ssid home",
  });
}
