import { formatHex } from "@espx/proto";
import type { FlashSession, LeaveMode } from "@espx/serial";
import type { Context } from "../context.ts";
import type { DeviceEntry } from "../project/project.ts";
import { checkIdentity } from "./check-identity.ts";
import { type ChipWish, withChip } from "./chip-session.ts";
import { rememberPlace } from "./device-place.ts";

/** How a chip is reached and left. */
export interface ChipVisit extends ChipWish {
  /** The device that it must be, where one was named. */
  readonly device: DeviceEntry | null;
  readonly after: LeaveMode;
}

/**
 * {@link withChip} for work that needs no more than the session: says that the board is reset, holds it against the device that was
 * named, and has it start again, however the work ends.
 */
export function onChip<T>(ctx: Context, visit: ChipVisit, work: (session: FlashSession) => Promise<T>): Promise<T> {
  const { url, before, after } = visit;
  if (before !== "no-reset") {
    const text = `the board at ${url} is reset for this${after === "no-reset" ? "" : "; its program starts anew afterwards"}`;
    ctx.out.emit({ kind: "log", data: { level: "info", text } });
  }
  return withChip(ctx, visit, async (session) => {
    let done: T;
    try {
      await holdIdentity(ctx, session, visit);
      done = await work(session);
    } catch (error) {
      // What ended the work is what is reported, not how the board was left.
      await session.leaveAnyway(after);
      throw error;
    }
    await session.leave(after);
    return done;
  });
}

/** Holds the chip's address against the device that was named, and remembers where it was seen. */
async function holdIdentity(ctx: Context, { chip }: FlashSession, { url, device }: ChipVisit): Promise<void> {
  if (chip.identity === undefined) return;
  const id = formatHex(chip.identity.mac);
  checkIdentity(device, id, url);
  await rememberPlace(ctx, id, url);
}
