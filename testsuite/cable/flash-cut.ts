import { LinkError, type SerialLink } from "@espx/proto";
import { BootWatch, type BootOutcome, type FlashRegion, FlashSession } from "@espx/serial";
import type { VirtualBoard } from "@espx/sim";
import { realClock } from "../../packages/cli/src/clock.ts";
import { flashTools as tools } from "../../packages/cli/src/ports/flash-tools.ts";

const sectorBytes = 4096;
/** What may be sent though it was there: the block of 64 KiB in which the cut fell is not asked for sector by sector. */
const blockBytes = 65_536;
const bootTimeoutMs = 20_000;

/** How one cut ended. */
export interface CutOutcome {
  readonly afterBytes: number;
  /** What the board did between the cut and the second run. */
  readonly boot: BootOutcome["kind"];
  readonly missingBytes: number;
  readonly writtenBytes: number;
  /** What was wrong, nothing when all was well. */
  readonly faults: readonly string[];
}

/**
 * Flashes a board, pulls the cable after so many bytes to it, presses EN, and does the same again: the board must start or say why it
 * does not, and the second run must send only what is missing, and leave the board running.
 */
export async function flashWithCut(
  board: VirtualBoard,
  regions: readonly FlashRegion[],
  afterBytes: number,
): Promise<CutOutcome> {
  const faults: string[] = [];
  await flash(cutAfter(board, afterBytes), regions).then(
    () => faults.push("the cut run ended as if nothing had happened"),
    (error: unknown) => {
      if (!(error instanceof LinkError)) faults.push(`the cut run ended with ${String(error)}`);
    },
  );
  board.fault({ kind: "serial", behaviour: "normal" });
  const boot = await press(board);
  if (!["micropython", "blank", "no-application"].includes(boot.kind))
    faults.push(`after the cut: ${boot.kind}, ${boot.text}`);
  const missingBytes = missingOf(board, regions);
  const link = board.openSerial();
  const writtenBytes = await flash(link, regions).catch((error: unknown) => {
    faults.push(`the second run ended with ${String(error)}`);
    return 0;
  });
  await link.close();
  if (writtenBytes > missingBytes + blockBytes) faults.push(`sent ${writtenBytes} bytes, ${missingBytes} were missing`);
  if (missingOf(board, regions) > 0) faults.push("flash is not what it shall be");
  const started = await press(board);
  if (started.kind !== "micropython") faults.push(`in the end: ${started.kind}, ${started.text}`);
  return { afterBytes, boot: boot.kind, missingBytes, writtenBytes, faults };
}

/** Bytes that a whole run sends to the board. */
export async function bytesOfRun(board: VirtualBoard, regions: readonly FlashRegion[]): Promise<number> {
  let sent = 0;
  const link = board.openSerial();
  const write = (bytes: Uint8Array): Promise<void> => {
    sent += bytes.length;
    return link.write(bytes);
  };
  await flash(through(link, write), regions);
  await link.close();
  return sent;
}

/** @returns bytes that were written and erased */
async function flash(link: SerialLink, regions: readonly FlashRegion[]): Promise<number> {
  const session = await FlashSession.connect(link, realClock, { tools });
  const { writtenBytes, erasedBytes } = await session.write(regions);
  await session.leave();
  session.release();
  return writtenBytes + erasedBytes;
}

/** A link whose cable is pulled in the middle of a write. */
function cutAfter(board: VirtualBoard, afterBytes: number): SerialLink {
  const link = board.openSerial();
  let left = afterBytes;
  return through(link, async (bytes) => {
    const passed = bytes.subarray(0, left);
    left -= passed.length;
    await link.write(passed);
    if (passed.length < bytes.length) board.fault({ kind: "serial", behaviour: "lost" });
  });
}

function through(link: SerialLink, write: SerialLink["write"]): SerialLink {
  return {
    url: link.url,
    traits: link.traits,
    listen: (listener) => link.listen(listener),
    write,
    drain: () => link.drain(),
    setSignals: (signals) => link.setSignals(signals),
    setBaud: (baudRate) => link.setBaud(baudRate),
    reopen: () => link.reopen(),
    close: () => link.close(),
  };
}

/** Presses EN and sees what the board does. */
async function press(board: VirtualBoard): Promise<BootOutcome> {
  const link = board.openSerial();
  const watch = new BootWatch(link, realClock);
  await board.reset();
  const outcome = await watch.outcome({ timeoutMs: bootTimeoutMs });
  await link.close();
  return outcome;
}

/** Sectors that differ, in bytes. */
function missingOf(board: VirtualBoard, regions: readonly FlashRegion[]): number {
  let missing = 0;
  for (const { address, bytes } of regions) {
    for (let at = 0; at < bytes.length; at += sectorBytes) {
      const wanted = bytes.subarray(at, at + sectorBytes);
      if (Buffer.compare(board.chip.flash.read(address + at, wanted.length), wanted) !== 0) missing += wanted.length;
    }
  }
  return missing;
}
