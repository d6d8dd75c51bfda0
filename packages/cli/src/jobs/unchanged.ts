import { configPath, isEspxError, type Inventory, type RunningState } from "@espx/proto";
import type { Context } from "../context.ts";
import { deployNotes } from "../project/deploy-notes.ts";
import type { DeviceEntry } from "../project/project.ts";
import type { Board } from "./board.ts";
import { checkIdentity } from "./check-identity.ts";

/** What a board shall be, as {@link wishOf} puts it. */
export interface Wish {
  readonly wish: string;
  readonly device: DeviceEntry | null;
}

/**
 * Asks the program on a board, without stopping it, whether the board is still what it was made to be.
 *
 * Only a board that was seen running espx at this port is asked: the question would be input for any other program.
 * @returns null when that cannot be told, and all files have to be looked at
 * @throws RefusedError `cli/wrong-board`
 */
export async function askUnchanged(
  ctx: Context,
  board: Board,
  { wish, device }: Wish,
): Promise<(RunningState & { readonly id: string }) | null> {
  const notes = deployNotes(ctx.env);
  const expected = device?.id === undefined ? undefined : await notes.of(device.id);
  if (expected === undefined && !(await notes.hasPort(board.url))) return null;
  const running = await board.transport.running(ctx.signal);
  if (running?.id === undefined) return null;
  checkIdentity(device, running.id, board.url);
  const note = await notes.of(running.id);
  const same = running.state === "confirmed" && running.digest !== undefined && note?.digest === running.digest;
  return same && note.wish === wish ? { ...running, id: running.id } : null;
}

/** Keeps in mind that a board with this digest is what was wished for. */
export async function noteDeployed(
  ctx: Context,
  { id, url, digest }: { readonly id: string; readonly url: string; readonly digest?: string | undefined },
  { wish }: Wish,
): Promise<void> {
  if (digest !== undefined) await deployNotes(ctx.env).write(id, { port: url, digest, wish });
}

/**
 * The digest that the framework would answer, from a board whose program was stopped: its own code computes it.
 *
 * @returns undefined where no framework is at hand
 */
export async function digestAtPrompt(ctx: Context, board: Board, { record }: Inventory): Promise<string | undefined> {
  if (record?.state !== "confirmed") return undefined;
  const repl = await board.transport.repl(ctx.signal);
  const code = `import json
with open('/${record.slot}/release.json') as f:k=json.load(f)['keep']
from espx.digest import set_digest
print(set_digest('${record.slot}','${configPath(record.config)}',k))`;
  try {
    const said = (await repl.exec(code, { signal: ctx.signal })).trim();
    return /^[0-9a-f]{16}$/.test(said) ? said : undefined;
  } catch (error) {
    if (isEspxError(error, "device/exception")) return undefined;
    throw error;
  }
}
