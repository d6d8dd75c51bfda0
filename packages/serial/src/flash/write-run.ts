import { VerifyError, isEspxError, loaderFailure } from "@espx/proto";
import type { FlashTools } from "./chip-catalogue.ts";
import { isEqual } from "./flash-pieces.ts";
import type { FlashRun } from "./flash-plan.ts";
import type { Loader } from "./loader.ts";

/** How often a block that came spoiled is sent. */
const blockAttempts = 3;

/** What the write loop reports: flash that is done, and bytes that went over the line for it. */
export type RunProgress = (flashBytes: number, sentBytes: number) => void;

/**
 * Does one run and verifies it on the chip.
 *
 * The next block goes out when the stub has taken the one before, which it says before it writes it: the line waits for flash
 * only when flash is slower than the line. Two blocks without an answer would overwrite the one that it works on.
 *
 * @throws VerifyError `flash/verify-differs`; and as `Loader`
 */
export async function performRun(
  loader: Loader,
  run: FlashRun,
  work: { readonly tools: FlashTools; readonly deflated: Uint8Array | undefined; readonly onProgress: RunProgress },
): Promise<void> {
  const { tools, onProgress } = work;
  if (loader.isLocked) return performBlind(loader, run, onProgress);
  if (run.kind === "erase") {
    await loader.eraseRegion(run.address, run.sizeBytes);
    await verify(loader, run.address, new Uint8Array(run.sizeBytes).fill(0xff), tools);
    onProgress(run.sizeBytes, 0);
    return;
  }
  const deflated = work.deflated ?? (await tools.deflate(run.bytes));
  await sendRun(loader, run, deflated, onProgress);
  await verify(loader, run.address, run.bytes, tools);
}

/** In Secure Download Mode: plain blocks, each with its checksum, and no question afterwards. */
async function performBlind(loader: Loader, run: FlashRun, onProgress: RunProgress): Promise<void> {
  if (run.kind === "erase") {
    await loader.eraseRegion(run.address, run.sizeBytes);
    return onProgress(run.sizeBytes, 0);
  }
  const { address, bytes } = run;
  const blockBytes = loader.writeBlockBytes;
  await loader.beginPlain(address, bytes.length);
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const content = bytes.subarray(at, at + blockBytes);
    const block = new Uint8Array(blockBytes).fill(0xff);
    block.set(content);
    await retrySpoiled(() => loader.sendPlain(at / blockBytes, block));
    onProgress(content.length, blockBytes);
  }
}

async function sendRun(
  loader: Loader,
  { address, bytes }: Extract<FlashRun, { readonly kind: "write" }>,
  deflated: Uint8Array,
  onProgress: RunProgress,
): Promise<void> {
  const blockBytes = loader.writeBlockBytes;
  const blocks = Math.ceil(deflated.length / blockBytes);
  await loader.beginDeflated(address, bytes.length, deflated.length);
  let reported = 0;
  for (let block = 0; block < blocks; block++) {
    const content = deflated.subarray(block * blockBytes, (block + 1) * blockBytes);
    // What a block unpacks to is not known; at worst the whole run is in one.
    const mostBytes = Math.min(bytes.length, (2 * bytes.length) / blocks);
    await retrySpoiled(() => loader.sendDeflated(block, content, mostBytes));
    const doneBytes = Math.round((bytes.length * (block + 1)) / blocks);
    onProgress(doneBytes - reported, content.length);
    reported = doneBytes;
  }
}

async function retrySpoiled(send: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      if (!isSpoiled(error) || attempt === blockAttempts) throw error;
    }
  }
}

/** The block came with a wrong checksum: nothing was done with it. */
function isSpoiled(error: unknown): boolean {
  return isEspxError(error, "flash/command-refused") && error.details["reason"] === loaderFailure.invalidChecksum;
}

async function verify(loader: Loader, address: number, bytes: Uint8Array, { md5 }: FlashTools): Promise<void> {
  // The stub still writes its last blocks, and answers then.
  const digest = await loader.md5(address, bytes.length, 10_000);
  if (isEqual(digest, md5(bytes))) return;
  const where = `0x${address.toString(16)} (${bytes.length} bytes)`;
  throw new VerifyError("flash/verify-differs", `flash at ${where} is not what was written`, {
    hint: "the line spoils bytes or the flash chip is worn: go slower with --baud 115200, then try another board",
    details: { address, sizeBytes: bytes.length },
  });
}
