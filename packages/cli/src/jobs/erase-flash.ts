import { RefusedError } from "@espx/proto";
import type { FlashSession } from "@espx/serial";
import type { Context } from "../context.ts";
import type { EventData } from "../events.ts";
import { confirm } from "./ask.ts";
import { findPartition, readContents } from "./flash-contents.ts";
import { type ChipVisit, onChip } from "./on-chip.ts";

/** A piece of flash. */
export interface FlashRange {
  readonly address: number;
  readonly sizeBytes: number;
}

type Erased = EventData<"region">;

/** Blanks all of the flash, after a yes. @throws RefusedError `cli/declined` */
export async function eraseFlash(ctx: Context, visit: ChipVisit): Promise<Erased | null> {
  return erase(ctx, visit, {
    question: `everything on the board at ${visit.url} is erased, its files too. Go on?`,
    work: async (session) => {
      ctx.out.emit({ kind: "log", data: { level: "info", text: "this can take a minute" } });
      await session.eraseAll();
      return { name: null, address: 0, sizeBytes: session.chip.flash.sizeBytes ?? 0 };
    },
  });
}

/** Blanks whole sectors, after a yes. */
export function eraseRegion(ctx: Context, visit: ChipVisit, range: FlashRange): Promise<Erased | null> {
  const { address, sizeBytes } = range;
  const end = `0x${(address + sizeBytes).toString(16)}`;
  return erase(ctx, visit, {
    question: `0x${address.toString(16)} to ${end} on the board at ${visit.url} is erased. Go on?`,
    work: async (session) => {
      await session.eraseRegion(address, sizeBytes);
      return { name: null, ...range };
    },
  });
}

/** Blanks a partition, after a yes. @throws NotFoundError `cli/no-partition` */
export function erasePartition(ctx: Context, visit: ChipVisit, name: string): Promise<Erased | null> {
  return erase(ctx, visit, {
    question: `the partition ${name} of the board at ${visit.url} is erased. Go on?`,
    work: async (session) => {
      const { offset: address, sizeBytes } = findPartition(await readContents(session), name);
      await session.eraseRegion(address, sizeBytes);
      return { name, address, sizeBytes };
    },
  });
}

interface Erasing {
  readonly question: string;
  readonly work: (session: FlashSession) => Promise<FlashRange & { readonly name: string | null }>;
}

/** Asks before the board is touched. */
async function erase(ctx: Context, visit: ChipVisit, { question, work }: Erasing): Promise<Erased | null> {
  if (ctx.flags.dryRun) {
    ctx.out.emit({
      kind: "log",
      data: { level: "info", text: question.replace(" Go on?", "").replace(" is ", " would be ") },
    });
    return null;
  }
  if (!(await confirm(ctx, question)))
    throw new RefusedError("cli/declined", "nothing was erased", { hint: "agree with --yes" });
  const startMs = ctx.clock.now();
  return onChip(ctx, visit, async (session) => {
    const range = await work(session);
    const durationMs = Math.round(ctx.clock.now() - startMs);
    const data = { port: visit.url, action: "erased" as const, unchangedBytes: 0, durationMs, ...range };
    ctx.out.emit({ kind: "region", data });
    return data;
  });
}
