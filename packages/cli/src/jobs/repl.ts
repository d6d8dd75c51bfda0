import { UsageError, type SerialLink } from "@espx/proto";
import { askRunning } from "@espx/serial";
import type { Context } from "../context.ts";
import { deployNotes } from "../project/deploy-notes.ts";
import type { DeviceEntry } from "../project/project.ts";
import { checkIdentity } from "./check-identity.ts";
import { chooseBoard, type BoardWish } from "./choose-port.ts";
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

/** Ctrl-]. */
const LEAVE = 0x1d;

/**
 * Connects the terminal with the board's console until Ctrl-]; the terminal's mode is restored however it ends.
 *
 * Standard input that is no terminal is sent as it is, and its end leaves.
 * @throws UsageError `cli/no-terminal` with `--json`
 */
export async function talk(ctx: Context, wish: BoardWish): Promise<void> {
  if (ctx.out.json)
    throw new UsageError("cli/no-terminal", "repl is for a person and has no --json", {
      hint: "espx exec CODE --json",
    });
  const { url, entry } = await chooseBoard(ctx, wish);
  const link = await openWhenThere(ctx, url);
  try {
    await checkRunning(ctx, link, entry);
  } catch (error) {
    await link.close();
    throw error;
  }
  const { input } = ctx.terminal;
  const raw = input.isTTY;
  ctx.out.emit({ kind: "log", data: { level: "info", text: `connected to ${url}; Ctrl-] leaves` } });
  try {
    if (raw) input.setRawMode(true);
    await new Promise<void>((resolve, reject) => {
      const unlisten = link.listen({
        chunk: (bytes) => ctx.out.raw(bytes),
        closed: (error) => (error === undefined ? resolve() : reject(error)),
      });
      const stop = (): void => reject(ctx.signal.reason as Error);
      if (ctx.signal.aborted) stop();
      ctx.signal.addEventListener("abort", stop, { once: true });
      input.on("data", (chunk: Buffer) => {
        const end = chunk.indexOf(LEAVE);
        const typed = end === -1 ? chunk : chunk.subarray(0, end);
        if (typed.length > 0) link.write(new Uint8Array(typed)).catch(reject);
        if (end !== -1) {
          unlisten();
          resolve();
        }
      });
      input.once("end", () => void link.drain().then(resolve, reject));
      input.resume();
    });
  } finally {
    if (raw) input.setRawMode(false);
    input.pause();
    input.removeAllListeners("data");
    await link.close();
    if (raw) ctx.out.raw(new TextEncoder().encode("\r\n"));
  }
}
