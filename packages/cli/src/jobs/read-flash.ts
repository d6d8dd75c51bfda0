import { RefusedError } from "@espx/proto";
import { type FlashSession, refuseSecureDownload } from "@espx/serial";
import { access } from "node:fs/promises";
import type { Context } from "../context.ts";
import type { EventData } from "../events.ts";
import { confirm } from "./ask.ts";
import type { FlashRange } from "./erase-flash.ts";
import { showProgress } from "./flash-progress.ts";
import { localPath, writeLocal } from "./local-file.ts";
import { type ChipVisit, onChip } from "./on-chip.ts";

/** What is read, and where it goes. */
export interface ReadFlashOptions {
  readonly address: number;
  /** Undefined reads to the end of flash. */
  readonly sizeBytes: number | undefined;
  readonly file: string;
}

/** Reads flash into a file that only its owner can read, since it may hold passwords and keys. */
export function readFlash(ctx: Context, visit: ChipVisit, options: ReadFlashOptions): Promise<EventData<"written">> {
  return onChip(ctx, visit, (session) => readInto(ctx, session, options));
}

/** Reads all of the flash into a new file; one that is there already is replaced after a yes. */
export async function backup(ctx: Context, visit: ChipVisit, file: string): Promise<EventData<"written">> {
  const isThere = await access(localPath(ctx, file)).then(
    () => true,
    () => false,
  );
  if (isThere && !(await confirm(ctx, `${file} is there already; replace it?`))) {
    throw new RefusedError("cli/declined", "nothing was read", { hint: "name another file" });
  }
  return readFlash(ctx, visit, { address: 0, sizeBytes: undefined, file });
}

async function readInto(ctx: Context, session: FlashSession, options: ReadFlashOptions): Promise<EventData<"written">> {
  const { address, file } = options;
  refuseUnreadable(session);
  const sizeBytes = options.sizeBytes ?? restOf(session, address);
  checkRange(session, { address, sizeBytes });
  const bytes = await session.read(address, sizeBytes, { onProgress: (progress) => showProgress(ctx, progress) });
  return writeLocal(ctx, file, { bytes, secret: true });
}

/** In Secure Download Mode nothing can be read. @throws RefusedError `flash/secure-download` */
export function refuseUnreadable({ chip }: FlashSession): void {
  refuseSecureDownload(chip.security, chip.target.name, "reading");
}

/** @throws RefusedError `cli/flash-size` for what reaches past the end of flash */
export function checkRange({ chip }: FlashSession, { address, sizeBytes }: FlashRange): void {
  const flashBytes = chip.flash.sizeBytes;
  if (flashBytes === undefined || address + sizeBytes <= flashBytes) return;
  const end = `0x${(address + sizeBytes).toString(16)}`;
  throw new RefusedError("cli/flash-size", `${end} is behind the end of flash at 0x${flashBytes.toString(16)}`, {
    hint: "ALL as the size reads to the end",
  });
}

function restOf({ chip }: FlashSession, address: number): number {
  const flashBytes = chip.flash.sizeBytes;
  if (flashBytes !== undefined && address < flashBytes) return flashBytes - address;
  const message =
    flashBytes === undefined
      ? "the flash chip does not say how large it is"
      : `0x${address.toString(16)} is behind the end of flash at 0x${flashBytes.toString(16)}`;
  throw new RefusedError("cli/flash-size", message, { hint: "say how much to read: espx read-flash 0 4MB FILE" });
}
