import { UsageError, type SerialLink } from "@espx/proto";
import { askRunning } from "@espx/serial";
import type { Context } from "../context.ts";
import { deployNotes } from "../project/deploy-notes.ts";
import type { DeviceEntry } from "../project/project.ts";
import { checkIdentity } from "./check-identity.ts";
import { chooseBoard, type BoardWish } from "./choose-port.ts";
import { type ConsoleLog, openConsoleLog } from "./console-log.ts";
import { type Keyboard, takeKeys } from "./keyboard.ts";
import { openWhenThere } from "./wait-for-port.ts";

/**
 * Holds the board against the device that was named, as far as that goes without stopping its program.
 *
 * @throws RefusedError `cli/wrong-board`
 */
async function checkRunning(ctx: Context, link: SerialLink, device: DeviceEntry | null): Promise<void> {
  if (device?.id === undefined) return;
  const notes = deployNotes(ctx.env);
  const known = (await notes.of(device.id)) !== undefined || (await notes.hasPort(link.url));
  const running = known ? await askRunning(link, ctx.clock, { signal: ctx.signal }) : null;
  if (running?.id !== undefined) return checkIdentity(device, running.id, link.url);
  const text = `what runs there does not say whether it is ${device.name}; espx exec --device ${device.name} finds out by stopping it`;
  ctx.out.emit({ kind: "log", data: { level: "warning", text } });
}

/** What `repl` was asked for. */
export interface ReplWish extends BoardWish {
  /** A file to which everything that the board says is added. */
  readonly log: string | undefined;
  /** Whether a port that gets lost is waited for. */
  readonly reconnect: boolean;
}

/**
 * Connects the terminal with the board's console until Ctrl-]; the terminal's mode is restored however it ends.
 *
 * Standard input that is no terminal is sent as it is, and its end leaves.
 * @throws UsageError `cli/no-terminal` with `--json`; LinkError `link/lost`; ConfigError `cli/file-unwritten`
 */
export async function talk(ctx: Context, { log: file, reconnect, ...wish }: ReplWish): Promise<void> {
  if (ctx.out.json)
    throw new UsageError("cli/no-terminal", "repl is for a person and has no --json", {
      hint: "espx exec CODE --json",
    });
  const { url, entry } = await chooseBoard(ctx, wish);
  const log = file === undefined ? undefined : openConsoleLog(ctx, file);
  const desk: Desk = { ctx, url, entry, log };
  try {
    await converse(desk, await openWhenThere(ctx, url));
    while (desk.lost !== undefined) await (reconnect ? comeBack(desk, desk.lost) : Promise.reject(desk.lost));
  } finally {
    desk.keys?.end();
    log?.close();
    if (ctx.terminal.input.isTTY && desk.keys !== undefined) ctx.out.raw(new TextEncoder().encode("\r\n"));
  }
}

interface Desk {
  readonly ctx: Context;
  readonly url: string;
  readonly entry: DeviceEntry | null;
  readonly log: ConsoleLog | undefined;
  keys?: Keyboard;
  /** Why the last conversation ended, when it was not the person who ended it. */
  lost?: Error | undefined;
}

/** Passes bytes both ways until the person leaves, the run is called off, or the port is lost. */
async function converse(desk: Desk, link: SerialLink): Promise<void> {
  const { ctx, url, entry, log } = desk;
  try {
    if (desk.keys === undefined) await checkRunning(ctx, link, entry);
    ctx.out.emit({ kind: "log", data: { level: "info", text: `connected to ${url}; Ctrl-] leaves` } });
    const keys = (desk.keys ??= takeKeys(ctx.terminal));
    const over = AbortSignal.any([ctx.signal, keys.left]);
    keys.give((typed) => link.write(typed));
    desk.lost = await new Promise<Error | undefined>((resolve) => {
      const unlisten = link.listen({
        chunk(bytes) {
          ctx.out.raw(bytes);
          log?.write(bytes);
        },
        closed: resolve,
      });
      const stop = (): void => {
        unlisten();
        resolve(undefined);
      };
      if (over.aborted) stop();
      over.addEventListener("abort", stop, { once: true });
    });
    ctx.signal.throwIfAborted();
    if (keys.hasEnded() && desk.lost === undefined) await link.drain();
  } finally {
    desk.keys?.give(undefined);
    await link.close();
  }
}

/** Waits for a port that was lost; a person who leaves meanwhile ends that. */
async function comeBack(desk: Desk, lost: Error): Promise<void> {
  const { ctx, url, keys } = desk;
  ctx.out.emit({ kind: "log", data: { level: "warning", text: `${lost.message}; waiting for it, Ctrl-] leaves` } });
  const left = keys?.left ?? ctx.signal;
  const waiting = { ...ctx, flags: { ...ctx.flags, waitPort: true }, signal: AbortSignal.any([ctx.signal, left]) };
  let link: SerialLink;
  try {
    link = await openWhenThere(waiting, url, { mayBeTaken: true });
  } catch (error) {
    desk.lost = undefined;
    ctx.signal.throwIfAborted();
    if (left.aborted) return;
    throw error;
  }
  await converse(desk, link);
}
