import type { FlashSettings, Partition } from "@espx/image";
import { DeviceError, formatHex, isEspxError, RefusedError, type SerialLink } from "@espx/proto";
import {
  type BootOutcome,
  BootWatch,
  type FlashPlan,
  type FlashRegion,
  type FlashSession,
  type LeaveMode,
  type Left,
  isInLoader,
  refuseProtected,
  refuseSecureDownload,
} from "@espx/serial";
import type { Context } from "../context.ts";
import type { EventData } from "../events.ts";
import type { DeviceEntry } from "../project/project.ts";
import { confirm } from "./ask.ts";
import { checkIdentity } from "./check-identity.ts";
import { chipData, type ChipWish, withChip } from "./chip-session.ts";
import { rememberPlace } from "./device-place.ts";
import { filesAtRisk } from "./files-at-risk.ts";
import { showProgress } from "./flash-progress.ts";
import { placeOnChip, tableOnChip } from "./flash-files.ts";
import type { FileSource } from "./flash-source.ts";

/** What is flashed, where and how. */
export interface FlashOptions extends ChipWish {
  readonly files: FileSource;
  /** The device that it must be, where one was named. */
  readonly device: DeviceEntry | null;
  /** Blanks all of the flash first. */
  readonly erase: boolean;
  /** What to change in the boot loader's header. */
  readonly settings: Partial<FlashSettings>;
  readonly after: LeaveMode;
}

type Result = EventData<"flashed"> | EventData<"flash-plan">;

/** A fresh board formats its file system before it greets. */
const bootTimeoutMs = 12_000;

/**
 * Brings files into a chip's flash, verified there, and sees the board start.
 *
 * @throws DeviceError `flash/does-not-start` when an application was written and the board does not get as far as that
 */
export async function flash(ctx: Context, options: FlashOptions): Promise<Result> {
  const startMs = ctx.clock.now();
  return withChip(ctx, options, async (session) => {
    const { job, plan } = await prepare(ctx, session, { options, startMs });
    if (ctx.flags.dryRun) {
      await session.leave(options.after);
      return planData(job, plan);
    }
    const report = await write(ctx, job, plan);
    return finish(ctx, job, report);
  });
}

/** Everything before the first change; when that ends it, the board starts again as it was. */
async function prepare(
  ctx: Context,
  session: FlashSession,
  { options, startMs }: Pick<Job, "options" | "startMs">,
): Promise<{ readonly job: Job; readonly plan: FlashPlan }> {
  try {
    const { security, target, identity } = session.chip;
    if (identity !== undefined) checkIdentity(options.device, formatHex(identity.mac), options.url);
    refuseProtected(security, target.name);
    const table = session.canCompare ? await tableOnChip(session) : undefined;
    if (options.erase) refuseSecureDownload(security, target.name, "erasing of all the flash");
    const regions = await placeOnChip(ctx, session, {
      files: await options.files.filesFor(ctx, session),
      table: options.erase ? undefined : table,
      settings: options.settings,
    });
    const job: Job = { options, session, regions, startMs };
    const plan = await planned(ctx, job);
    if (!ctx.flags.dryRun) await askFirst(ctx, job, { plan, table });
    return { job, plan };
  } catch (error) {
    await session.leaveAnyway(options.after);
    throw error;
  }
}

interface Job {
  readonly options: FlashOptions;
  readonly session: FlashSession;
  readonly regions: readonly FlashRegion[];
  readonly startMs: number;
}

async function planned(ctx: Context, job: Job): Promise<FlashPlan> {
  const { session, regions, options } = job;
  const isErased = options.erase;
  const plan = await session.plan(regions, { isErased, onProgress: (progress) => showProgress(ctx, progress) });
  ctx.out.emit({ kind: "flash-plan", data: planData(job, plan) });
  return plan;
}

function planData({ options, regions }: Job, plan: FlashPlan): EventData<"flash-plan"> {
  const { runs, writeBytes, eraseBytes, unchangedBytes } = plan;
  return {
    port: options.url,
    files: regions.map(({ name, address, bytes }) => ({ file: name ?? "", address, sizeBytes: bytes.length })),
    pieces: runs.map((run) => {
      const sizeBytes = run.kind === "write" ? run.bytes.length : run.sizeBytes;
      return { kind: run.kind, address: run.address, sizeBytes };
    }),
    writeBytes,
    eraseBytes,
    unchangedBytes,
  };
}

/** @throws RefusedError `cli/declined`; UsageError `cli/answer-needed` */
async function askFirst(
  ctx: Context,
  { options, session }: Job,
  { plan, table }: { readonly plan: FlashPlan; readonly table: readonly Partition[] | undefined },
): Promise<void> {
  const atRisk = filesAtRisk(plan, { table, flashBytes: session.chip.flash.sizeBytes });
  const question = options.erase
    ? `everything on the board at ${options.url} is erased, its files too. Go on?`
    : !session.canCompare
      ? `what is on the board at ${options.url} cannot be looked at, and is overwritten without being verified. Go on?`
      : atRisk && `the board's files are in ${atRisk.name}, which is overwritten. Go on?`;
  if (question === undefined) return;
  ctx.out.settle();
  if (await confirm(ctx, question)) return;
  throw new RefusedError("cli/declined", "nothing was written", { hint: "agree with --yes" });
}

interface Written {
  readonly writtenBytes: number;
  readonly erasedBytes: number;
  readonly unchangedBytes: number;
  readonly sentBytes: number;
  readonly resumed: number;
}

async function write(ctx: Context, { options, session, regions }: Job, plan: FlashPlan): Promise<Written> {
  if (options.erase) {
    ctx.out.emit({ kind: "log", data: { level: "info", text: "erasing all of the flash, which can take a minute" } });
    await session.eraseAll();
  }
  return session.write(regions, { plan, onProgress: (progress) => showProgress(ctx, progress) });
}

async function finish(ctx: Context, job: Job, written: Written): Promise<EventData<"flashed">> {
  const { options, session, startMs } = job;
  const chip = chipData(options.url, session);
  const workMs = ctx.clock.now() - startMs;
  const { left, boot } = await startBoard(ctx, job);
  const data = {
    port: options.url,
    chip: chip.chip,
    mac: chip.mac,
    ...written,
    baudRate: chip.baudRate,
    durationMs: Math.round(workMs),
    verified: session.canCompare,
    left,
    boot,
  };
  if (chip.mac !== null) await rememberPlace(ctx, chip.mac.replaceAll(":", ""), options.url);
  if (boot !== null) judge(ctx, job, boot);
  ctx.out.emit({ kind: "flashed", data });
  return data;
}

interface Started {
  readonly left: Left;
  readonly boot: BootOutcome | null;
}

/** Leaves the chip and sees what the board does; null when it was not started. */
async function startBoard(ctx: Context, { options, session }: Job): Promise<Started> {
  const watch = new BootWatch(session.link, ctx.clock);
  const left = await session.leave(options.after);
  if (left === "stays") {
    watch.release();
    return { left, boot: null };
  }
  const timeoutMs = left === "watchdog" ? quietMs : bootTimeoutMs;
  try {
    const boot = await watch.outcome({ timeoutMs, signal: ctx.signal });
    return { left, boot: mayHaveGreeted(left, boot) ? await askedToGreet(ctx, session.link) : boot };
  } catch (error) {
    if (isEspxError(error, "link/lost")) return { left, boot: await watchAgain(ctx, session) };
    throw error;
  }
}

/**
 * Whether the greeting may have been missed: a reset by the watchdog takes the port away, and a chip that is started without one talks
 * at the ROM's rate before the line does.
 */
function mayHaveGreeted(left: Left, { kind }: BootOutcome): boolean {
  return left !== "reset" && (kind === "silent" || (kind === "other" && left === "started"));
}

/** How long a board that came back may say nothing, before it is asked. */
const quietMs = 1500;
/** Enter, then Ctrl-B: MicroPython greets again at its prompt; a program that reads its input gets both. */
const askToGreet = Uint8Array.of(0x0d, 0x02);

/** A chip with USB of its own leaves the bus at a reset of all of it, and may have greeted before its port is open again. */
async function watchAgain(ctx: Context, session: FlashSession): Promise<BootOutcome> {
  try {
    const link = await session.reopen();
    if (link === undefined) return nothingCame;
    const first = await watched(ctx, link, quietMs);
    if (first.kind === "other") return await watched(ctx, link, bootTimeoutMs);
    return first.kind === "silent" ? await askedToGreet(ctx, link) : first;
  } catch (error) {
    if (isEspxError(error, "link/lost") || isEspxError(error, "port/not-found")) return nothingCame;
    throw error;
  }
}

async function askedToGreet(ctx: Context, link: SerialLink): Promise<BootOutcome> {
  const [greeting] = await Promise.all([watched(ctx, link, quietMs), link.write(askToGreet)]);
  if (greeting.kind !== "silent") return greeting;
  if (await isInLoader(link, ctx.clock, ctx.signal)) return { kind: "download", text: "" };
  return watched(ctx, link, bootTimeoutMs);
}

function watched({ clock, signal }: Context, link: SerialLink, timeoutMs: number): Promise<BootOutcome> {
  return new BootWatch(link, clock).outcome({ timeoutMs, signal });
}

const nothingCame: BootOutcome = { kind: "silent", text: "" };

const unstarted: ReadonlySet<BootOutcome["kind"]> = new Set(["blank", "no-application", "loop", "download"]);

function judge(ctx: Context, { options, regions }: Job, boot: BootOutcome): void {
  if (boot.kind === "micropython") return;
  const said = boot.text === "" ? "nothing came from it" : `it said: ${boot.text.trim().slice(-160)}`;
  if (unstarted.has(boot.kind) && regions.length > 0) {
    throw new DeviceError(
      "flash/does-not-start",
      `${options.url} is flashed and verified, and does not start (${boot.kind}): ${said}`,
      {
        hint:
          hints[boot.kind] ?? "flash a whole firmware, with boot loader and partition table, once more with --erase",
        details: { boot: boot.kind, text: boot.text },
      },
    );
  }
  const text = `the banner of MicroPython was not seen: ${said}`;
  ctx.out.emit({ kind: "log", data: { level: "warning", text } });
}

const hints: Partial<Record<BootOutcome["kind"], string>> = {
  download: "it waits for a download again: let BOOT go, or what else holds the boot pin low, and press EN (RST)",
  blank: "there is no boot loader: flash a whole firmware, such as MicroPython's .bin for this chip",
  "no-application":
    "there is no application that it could start: flash a whole firmware, or the application to its partition",
};
