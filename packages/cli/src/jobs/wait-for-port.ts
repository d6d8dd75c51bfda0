import { isEspxError, type PortInfo, type SerialLink } from "@espx/proto";
import type { Context } from "../context.ts";

/** How often a port that is not there is looked for. */
const LOOK_EVERY_MS = 250;
/** For so long a port that has just come may still be another's: the system sets its group, other programs look at what was plugged in. */
const SETTLE_MS = 3_000;
/** A board with two ports shows them one after the other. */
const SECOND_PORT_MS = 300;

/** What says that there is no port, yet. */
const absent = ["port/not-found", "port/unreachable", "sim/unreachable"];
/** What says that a port is there and cannot be had. */
const taken = ["port/busy", "port/permission", "port/unusable"];

/**
 * Opens a port; with `--wait-port` one that is not there is waited for, until the run is called off.
 *
 * A port that is there and belongs to another program is not waited for: its holder shall be named. One that was just lost may be taken
 * for a moment (`mayBeTaken`), and is waited for without a word.
 * @throws those of opening a port; whatever the run's signal was aborted with
 */
export async function openWhenThere(
  ctx: Context,
  url: string,
  { mayBeTaken = false }: { readonly mayBeTaken?: boolean } = {},
): Promise<SerialLink> {
  let endMs: number | undefined;
  for (let waits = mayBeTaken; ; await ctx.clock.sleep(LOOK_EVERY_MS, ctx.signal)) {
    try {
      return await ctx.outside.openPort(url, { signal: ctx.signal });
    } catch (error) {
      if (!ctx.flags.waitPort || !isEspxError(error)) throw error;
      if (absent.includes(error.code)) {
        if (!waits) say(ctx, `${error.message}; waiting for it`);
        waits = true;
        endMs = undefined;
        continue;
      }
      endMs ??= ctx.clock.now() + SETTLE_MS;
      if (!waits || !taken.includes(error.code) || ctx.clock.now() >= endMs) throw error;
    }
  }
}

/** Looks again and again until `look` finds a port, and then once more, for one that comes along with it. */
export async function untilThere<T extends { readonly candidates: readonly PortInfo[] }>(
  ctx: Context,
  look: () => Promise<T>,
): Promise<T> {
  const first = await look();
  if (!ctx.flags.waitPort || first.candidates.length > 0) return first;
  say(ctx, "no port with a board is there; waiting for one");
  do {
    await ctx.clock.sleep(LOOK_EVERY_MS, ctx.signal);
  } while ((await look()).candidates.length === 0);
  await ctx.clock.sleep(SECOND_PORT_MS, ctx.signal);
  return look();
}

function say(ctx: Context, text: string): void {
  ctx.out.emit({ kind: "log", data: { level: "info", text } });
}
