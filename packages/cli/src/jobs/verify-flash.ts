import { VerifyError } from "@espx/proto";
import type { FlashSession } from "@espx/serial";
import type { Context } from "../context.ts";
import type { EventData } from "../events.ts";
import { digests } from "../release/digests.ts";
import { readLocal } from "./local-file.ts";
import { checkRange, refuseUnreadable } from "./read-flash.ts";
import { type ChipVisit, onChip } from "./on-chip.ts";

/** A file and where in flash it should be. */
export interface ExpectedFile {
  readonly address: number;
  readonly file: string;
}

const SECTOR_BYTES = 4096;
const BLOCK_BYTES = 65_536;

/**
 * Compares flash with files by MD5, on the chip.
 *
 * @throws VerifyError `cli/flash-differs` with the first place that differs, after all files were compared
 */
export async function verifyFlash(
  ctx: Context,
  visit: ChipVisit,
  files: readonly ExpectedFile[],
): Promise<{ readonly verified: number }> {
  const contents = await Promise.all(files.map(async (file) => ({ ...file, bytes: await readLocal(ctx, file.file) })));
  return onChip(ctx, visit, async (session) => {
    const wrong: string[] = [];
    refuseUnreadable(session);
    for (const { address, bytes } of contents) checkRange(session, { address, sizeBytes: bytes.length });
    for (const { file, address, bytes } of contents) {
      const startMs = ctx.clock.now();
      if (await isSame(session, address, bytes)) {
        const durationMs = Math.round(ctx.clock.now() - startMs);
        const sizeBytes = bytes.length;
        const data: EventData<"region"> = {
          port: visit.url,
          action: "verified",
          name: file,
          address,
          sizeBytes,
          unchangedBytes: sizeBytes,
          durationMs,
        };
        ctx.out.emit({ kind: "region", data });
      } else wrong.push(`${file} differs from 0x${(await firstDifference(session, address, bytes)).toString(16)} on`);
    }
    if (wrong.length === 0) return { verified: files.length };
    throw new VerifyError("cli/flash-differs", wrong.join("; "), {
      hint: "write it again: espx write-flash",
      details: { files: wrong.length },
    });
  });
}

async function isSame(session: FlashSession, address: number, bytes: Uint8Array): Promise<boolean> {
  const expected = digests.md5(bytes);
  const got = await session.md5(address, bytes.length);
  return got.every((byte, index) => byte === expected[index]);
}

/** The first sector that differs, by blocks of 64 KiB first. */
async function firstDifference(session: FlashSession, address: number, bytes: Uint8Array): Promise<number> {
  let [from, to] = [0, bytes.length];
  for (const step of [BLOCK_BYTES, SECTOR_BYTES]) {
    for (let at = from; at < to; at += step) {
      const end = Math.min(at + step, to);
      if (await isSame(session, address + at, bytes.subarray(at, end))) continue;
      [from, to] = [at, end];
      break;
    }
  }
  return address + from;
}
