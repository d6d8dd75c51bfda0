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

/** What the program on a board says of itself, with the board's id. */
export type Said = RunningState & { readonly id: string };

/**
 * Asks the program on a board what it is made of, without stopping it.
 *
 * Only a board that was seen running espx at this port is asked: the question would be input for any other program.
 * @returns null when that cannot be told
 * @throws RefusedError `cli/wrong-board`
 */
export async function askBoard(ctx: Context, board: Board, device: DeviceEntry | null): Promise<Said | null> {
  const notes = deployNotes(ctx.env);
  const expected = device?.id === undefined ? undefined : await notes.of(device.id);
  if (expected === undefined && !(await notes.hasPort(board.url))) return null;
  const running = await board.transport.running(ctx.signal);
  if (running?.id === undefined) return null;
  checkIdentity(device, running.id, board.url);
  return { ...running, id: running.id };
}

/** Whether a board says that it is still what it was made to be; where not, all files have to be looked at. */
export async function isUnchanged(ctx: Context, said: Said, { wish }: Wish): Promise<boolean> {
  const note = await deployNotes(ctx.env).of(said.id);
  const same = said.state === "confirmed" && said.digest !== undefined && note?.digest === said.digest;
  return same && note.wish === wish;
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
