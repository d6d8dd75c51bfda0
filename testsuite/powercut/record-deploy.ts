import { plan } from "@espx/ota";
import type { Plan, Release } from "@espx/proto";
import { encodeSlotRecord, SLOT_RECORD_PATHS } from "@espx/proto";
import type { FlashOperation } from "@espx/proto";
import { SerialTransport } from "@espx/serial";
import { createWorld } from "@espx/sim";
import type { VirtualBoard, World } from "@espx/sim";
import { inVirtualTime } from "../virtual-time.ts";

type Snapshot = ReturnType<VirtualBoard["flash"]["snapshot"]>;

/** One deploy, as the flash saw it. */
export interface RecordedDeploy {
  readonly initial: Snapshot;
  readonly journal: readonly FlashOperation[];
}

/** Deploys `after` on a board that runs `before`. */
export function recordDeploy(before: Release, after: Release): Promise<RecordedDeploy> {
  return record(confirmedFiles(before), after);
}

/** What a program says that espx did not put there. */
export const foreignMark = "foreign: runs";

/** Deploys `after` on a board that runs a program of its own. */
export function recordTakeover(after: Release): Promise<RecordedDeploy> {
  return record(
    { "/boot.py": "import words\n", "/main.py": "print(words.MARK)\n", "/words.py": `MARK = "${foreignMark}"\n` },
    after,
  );
}

/** Deploys over the serial port and up to the confirmation, and keeps the journal. */
async function record(files: Readonly<Record<string, Uint8Array | string>>, after: Release): Promise<RecordedDeploy> {
  await using world = await createWorld({ mode: "virtual", seed: 1 });
  const board = await world.addBoard({ name: "powercut", files });
  await board.powerOn();
  await world.advance(2_000);
  const initial = board.flash.snapshot();
  board.flash.clearJournal();
  await inVirtualTime(world, deploy(world, board, after));
  return { initial, journal: [...board.flash.journal] };
}

/** The flash of a board that took the release and confirmed it, with what an older set left in the other slot. */
export function confirmedFiles(release: Release): Readonly<Record<string, Uint8Array>> {
  const record = { count: 2, slot: "a", state: "confirmed", attemptsLeft: 0, previous: null, floor: 0 } as const;
  const config = release.config === null ? null : release.config.sha256;
  return {
    ...Object.fromEntries(release.files.map((file) => [`/a/${file.path}`, file.bytes])),
    ...Object.fromEntries(release.launcher.map((file) => [file.path, file.bytes])),
    ...(release.config !== null && { [`/config-${release.config.sha256.slice(0, 8)}.txt`]: release.config.bytes }),
    "/b/main.py": new TextEncoder().encode("raise SystemExit\n"),
    "/b/lib/only0.py": new TextEncoder().encode("# Of an older set.\n"),
    "/config-00000000.txt": new TextEncoder().encode("mark 0\n"),
    [SLOT_RECORD_PATHS[1]]: encodeSlotRecord({ ...record, config }),
  };
}

async function deploy(world: World, board: VirtualBoard, release: Release): Promise<void> {
  const transport = new SerialTransport(board.openSerial(), world.clock);
  const decision = plan(release, await transport.inventory(), { replaceForeign: true, state: "trial" });
  if ("refusal" in decision) throw decision.refusal;
  await applyAll(transport, decision.plan);
  const { release: running, state } = await transport.watch({ timeoutMs: 60_000 });
  if (running !== release.id || state !== "confirmed") throw new Error(`the board runs ${running}, ${state}`);
}

async function applyAll(transport: SerialTransport, { steps, ...rest }: Plan): Promise<void> {
  await transport.begin({ steps, ...rest });
  for (const step of steps) await transport.apply(step);
}
