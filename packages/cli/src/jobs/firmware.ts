import { type FlashFile, otaAbility } from "@espx/image";
import { formatHex, isEspxError, LinkError, RefusedError, VerifyError } from "@espx/proto";
import type { Context } from "../context.ts";
import type { EventData } from "../events.ts";
import { type FirmwareEntry, firmwareName } from "../project/firmware-catalogue.ts";
import { loadLock, type Lock } from "../project/lock.ts";
import type { Project } from "../project/project.ts";
import { digests } from "../release/digests.ts";
import { firmwareCachePath, readFirmwareCache, writeFirmwareCache } from "../release/firmware-cache.ts";
import { confirm } from "./ask.ts";
import { checkFirmware } from "./check-firmware.ts";

/** How firmware may be fetched. */
export interface FetchOptions {
  readonly project: Project | null;
  /** Refuse what neither the catalogue nor espx.lock has a hash of. */
  readonly locked: boolean;
  /** Why this entry was taken, for a person. */
  readonly reason: string;
}

/** A firmware whose bytes were checked. */
export interface Firmware {
  readonly entry: FirmwareEntry;
  readonly bytes: Uint8Array;
  readonly file: FlashFile;
}

/**
 * The bytes of a catalogue entry, from the cache or over TLS, held against the hash that the catalogue or espx.lock
 * requires; an entry without one is taken after a yes, checked by chip and its own digests, and locked.
 *
 * @throws RefusedError `cli/firmware-unpinned`; VerifyError `cli/firmware-differs`, `cli/firmware-conflict`;
 *   LinkError `cli/firmware-unreachable`; those of {@link checkFirmware}
 */
export async function fetchFirmware(ctx: Context, entry: FirmwareEntry, options: FetchOptions): Promise<Firmware> {
  const lock = await loadLock(ctx, options.project);
  const required = requiredHash(entry, lock);
  const path = firmwareCachePath(ctx.env, entry.url);
  const kept = await readFirmwareCache(path);
  if (required === undefined)
    await agreeToUnpinned(ctx, entry, { lock, locked: options.locked, isKept: kept !== null });
  const { bytes, from } = await bytesOf(ctx, entry, { required, path, kept });
  const file = checkFirmware(entry, bytes);
  const sha256 = formatHex(digests.sha256(bytes));
  const pinned = required === undefined ? "new" : entry.sha256 === undefined ? "lock" : "catalogue";
  const isAdded = required === undefined && !ctx.flags.dryRun;
  if (isAdded) await lock.add({ url: entry.url, sha256, size: bytes.length });
  ctx.out.emit({
    kind: "firmware",
    data: {
      ...describeEntry(entry),
      sha256,
      sizeBytes: bytes.length,
      pinned,
      from,
      reason: options.reason,
      ota: otaOf(file),
    },
  });
  if (isAdded) info(ctx, `its SHA-256 is ${sha256}, required from now on by ${lock.shown}`);
  return { entry, bytes, file };
}

/** What the `firmware` events say of an entry. */
export function describeEntry(
  entry: FirmwareEntry,
): Pick<EventData<"firmware">, "board" | "variant" | "version" | "chip" | "address" | "url"> {
  const { board, variant, version, chip, address, url } = entry;
  return { board, variant, version, chip, address, url };
}

function requiredHash(entry: FirmwareEntry, lock: Lock): string | undefined {
  const locked = lock.of(entry.url)?.sha256;
  if (locked === undefined || entry.sha256 === undefined || locked === entry.sha256) return locked ?? entry.sha256;
  throw new VerifyError(
    "cli/firmware-conflict",
    `${firmwareName(entry)} has the SHA-256 ${locked} in ${lock.shown} and ${entry.sha256} in the catalogue`,
    { hint: `find out which one is right, and take the other out` },
  );
}

async function agreeToUnpinned(
  ctx: Context,
  entry: FirmwareEntry,
  { lock, locked, isKept }: { readonly lock: Lock; readonly locked: boolean; readonly isKept: boolean },
): Promise<void> {
  const unpinned = (hint: string): RefusedError =>
    new RefusedError(
      "cli/firmware-unpinned",
      `no SHA-256 of ${firmwareName(entry)} is known, neither in the catalogue nor in ${lock.shown}`,
      { hint, details: { url: entry.url } },
    );
  if (locked) throw unpinned("fetch it once without --locked, or write its sha256 into manifests/firmware.yaml");
  if (ctx.flags.dryRun && !isKept) throw unpinned(`fetch it first: espx firmware fetch ${wordsOf(entry)}`);
  if (ctx.flags.dryRun) return;
  const what = isKept ? "what the cache holds" : `what ${new URL(entry.url).host} gives over TLS`;
  const question = `no SHA-256 of ${firmwareName(entry)} is known yet; take ${what}, and require its hash from then on?`;
  if (!(await confirm(ctx, question))) throw unpinned("give a file of your own with --image");
}

/** How `firmware fetch` names it. */
const wordsOf = ({ board, variant, version }: FirmwareEntry): string =>
  `${board}${variant === "" ? "" : ` --variant ${variant}`} --release ${version}`;

interface FetchedBytes {
  readonly bytes: Uint8Array;
  readonly from: "cache" | "download";
}

interface Source {
  readonly required: string | undefined;
  /** Where the cache keeps it. */
  readonly path: string;
  readonly kept: Uint8Array | null;
}

async function bytesOf(ctx: Context, entry: FirmwareEntry, { required, path, kept }: Source): Promise<FetchedBytes> {
  if (kept !== null) {
    if (required === undefined || formatHex(digests.sha256(kept)) === required) return { bytes: kept, from: "cache" };
    const text = `${path} differs from the SHA-256 that is required; it is fetched again`;
    ctx.out.emit({ kind: "log", data: { level: "warning", text } });
  }
  const bytes = await downloadEntry(ctx, entry, path);
  const sha256 = formatHex(digests.sha256(bytes));
  if (required !== undefined && sha256 !== required) {
    throw new VerifyError("cli/firmware-differs", `${entry.url} gives the SHA-256 ${sha256}, expected ${required}`, {
      hint: "do not use it: either the file was replaced, or the hash is wrong; ask those who made the file",
    });
  }
  await writeFirmwareCache(path, bytes);
  return { bytes, from: "download" };
}

async function downloadEntry(ctx: Context, entry: FirmwareEntry, path: string): Promise<Uint8Array> {
  try {
    return await ctx.outside.download(entry.url, {
      signal: ctx.signal,
      onProgress: (doneBytes, totalBytes) =>
        ctx.out.emit({
          kind: "progress",
          data: { task: "fetching", doneBytes, totalBytes, path: firmwareName(entry) },
        }),
    });
  } catch (error) {
    if (!isEspxError(error, "fetch/unreachable")) throw error;
    throw new LinkError("cli/firmware-unreachable", `${firmwareName(entry)} cannot be fetched: ${error.message}`, {
      cause: error.cause,
      hint: `fetch ${entry.url} on another computer and put it at ${path}, or give it with --image 0x${entry.address.toString(16)}:FILE`,
      details: { url: entry.url, path },
    });
  }
}

function otaOf({ table }: FlashFile): EventData<"firmware">["ota"] {
  const { able, reason } = otaAbility(table?.partitions ?? []);
  return { able, reason };
}

const info = (ctx: Context, text: string): void => ctx.out.emit({ kind: "log", data: { level: "info", text } });
