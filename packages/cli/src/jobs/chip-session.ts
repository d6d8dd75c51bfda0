import { isEspxError, type PortInfo, type SerialLink, UsageError } from "@espx/proto";
import {
  type AdapterMemory,
  type BeforeMode,
  type ChipFacts,
  type ConnectEvent,
  type CustomReset,
  FlashSession,
  parseCustomReset,
  secureDownloadRemains,
} from "@espx/serial";
import type { Context } from "../context.ts";
import type { EventData } from "../events.ts";
import { flashTools } from "../ports/flash-tools.ts";
import { rememberedAdapters } from "../project/remembered-adapters.ts";
import { openTrace, type TraceFile } from "./trace-file.ts";
import { openWhenThere } from "./wait-for-port.ts";

/** How a chip is reached. */
export interface ChipWish {
  readonly url: string;
  /** The chip that it must be, as `esp32s3`. */
  readonly chip?: string | undefined;
  readonly before?: BeforeMode | CustomReset | undefined;
  /** Time that the boot pin stays low behind a reset. */
  readonly resetDelayMs?: number | undefined;
  /** Highest rate; what is known of the adapter, else 921600, when left out. */
  readonly baudRate?: number | undefined;
  readonly useStub?: boolean | undefined;
  /** A file that takes every byte on the line. */
  readonly trace?: string | undefined;
}

/** How long a port that was lost is looked for, and how often. */
const reopenTimeoutMs = 15_000;
const reopenPauseMs = 150;

/**
 * Opens a port, brings its chip into the serial loader, does `work`, and closes the port, however it ends. The work leaves the chip.
 *
 * Says on the way what chip it is, and when the line went slower or was lost.
 */
export async function withChip<T>(
  ctx: Context,
  wish: ChipWish,
  work: (session: FlashSession) => Promise<T>,
): Promise<T> {
  const trace = wish.trace === undefined ? undefined : openTrace(ctx, wish.trace);
  const held: { link?: SerialLink } = {};
  try {
    return await work(await connect(ctx, wish, { trace, held }));
  } finally {
    await held.link?.close().catch(() => undefined);
    trace?.close();
  }
}

interface Held {
  readonly trace: TraceFile | undefined;
  readonly held: { link?: SerialLink };
}

async function connect(ctx: Context, wish: ChipWish, { trace, held }: Held): Promise<FlashSession> {
  const { url } = wish;
  const hold = (link: SerialLink): SerialLink => (held.link = trace?.trace(link) ?? link);
  const open = async (at: string): Promise<SerialLink> => hold(await ctx.outside.openPort(at, { signal: ctx.signal }));
  const first = hold(await openWhenThere(ctx, url));
  const port = (await ctx.outside.listPorts()).find((entry) => entry.url === url);
  const adapters = rememberedAdapters(ctx.env);
  const remembered = await adapters.of(port, url);
  assertReadable(remembered, adapters.path);
  const session = await FlashSession.connect(first, ctx.clock, {
    tools: flashTools,
    chip: wish.chip,
    before: wish.before,
    resetDelayMs: wish.resetDelayMs,
    baudRate: wish.baudRate,
    useStub: wish.useStub,
    remembered,
    signal: ctx.signal,
    onEvent: (event) => report(ctx, url, event),
    reopen: () => findAgain(ctx, { url, port, open }),
  });
  ctx.out.emit({ kind: "chip", data: chipData(url, session) });
  if (!session.canCompare) {
    const text = `${url}: the chip is in Secure Download Mode: ${secureDownloadRemains}`;
    ctx.out.emit({ kind: "log", data: { level: "warning", text } });
  }
  await adapters.remember(port, url, session.memory);
  return session;
}

/** Steps of a reset may have been written into the file by hand. @throws UsageError `flash/bad-reset-sequence` */
function assertReadable({ sequence }: AdapterMemory, path: string): void {
  try {
    if (sequence !== undefined) parseCustomReset(String(sequence));
  } catch (cause) {
    if (!isEspxError(cause)) throw cause;
    throw new UsageError("flash/bad-reset-sequence", `${path}: ${cause.message}`, {
      hint: "correct it there, or take the line with the sequence out",
      cause,
    });
  }
}

/** A board that came off may come back under another name, but with its serial number. */
async function findAgain(
  ctx: Context,
  {
    url,
    port,
    open,
  }: { readonly url: string; readonly port: PortInfo | undefined; readonly open: (at: string) => Promise<SerialLink> },
): Promise<SerialLink> {
  const untilMs = ctx.clock.now() + reopenTimeoutMs;
  for (;;) {
    try {
      return await open(await placeNow(ctx, url, port));
    } catch (error) {
      const mayPass = [
        "port/not-found",
        "port/busy",
        "port/permission",
        "port/unreachable",
        "port/unusable",
        "link/lost",
      ];
      if (!isEspxError(error) || !mayPass.includes(error.code) || ctx.clock.now() > untilMs) throw error;
      await ctx.clock.sleep(reopenPauseMs, ctx.signal);
    }
  }
}

async function placeNow(ctx: Context, url: string, port: PortInfo | undefined): Promise<string> {
  if (port?.serialNumber === undefined) return url;
  const same = (await ctx.outside.listPorts()).find(
    ({ serialNumber, vendorId }) => serialNumber === port.serialNumber && vendorId === port.vendorId,
  );
  return same?.url ?? url;
}

function report(ctx: Context, url: string, event: ConnectEvent): void {
  const say = (level: EventData<"log">["level"], text: string): void =>
    ctx.out.emit({ kind: "log", data: { level, text: `${url}: ${text}` } });
  switch (event.kind) {
    case "reset":
      return say(
        "detail",
        event.strategy === undefined ? "calling the chip" : `reset ${event.attempt}: ${event.strategy}`,
      );
    case "baud":
      if (event.refused.length > 0)
        say("warning", `does not hold ${event.refused.join(", ")} baud, goes on at ${event.baudRate}`);
      return;
    case "lost":
      return say("warning", `${event.reason}; trying again`);
    case "resumed":
      return say("info", "found again, going on where it stopped");
    case "watchdog":
      return say("info", watchdogTexts[event.why]);
    case "no-watchdog":
      return say("warning", `${event.reason}: it is reset by RTS instead`);
    case "chip":
      return;
  }
}

const watchdogTexts = {
  asked: "the chip is reset by its watchdog",
  stays:
    "BOOT was held at the chip's last start, so that a reset over its USB leads back into the loader: it is reset by its watchdog",
} as const;

/** A chip as the `chip` event has it. */
export function chipData(port: string, session: FlashSession): EventData<"chip"> {
  const { target, identity, security, flash }: ChipFacts = session.chip;
  const mac =
    identity === undefined ? null : [...identity.mac].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
  return {
    port,
    chip: target.key,
    name: target.name,
    description: identity?.description ?? target.name,
    revision: identity?.revision ?? null,
    features: [...(identity?.features ?? [])],
    mac,
    crystalMhz: identity?.crystalMhz ?? null,
    flashId: flash.id === 0 ? null : flash.id,
    flashBytes: flash.sizeBytes ?? null,
    security: { ...security },
    stub: session.isStub,
    baudRate: session.baudRate,
  };
}
