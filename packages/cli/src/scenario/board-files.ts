import { createHash } from "node:crypto";
import {
  configPath,
  decodeSlotRecord,
  encodeSlotRecord,
  isEspxError,
  SLOT_RECORD_PATHS,
  TRIAL_ATTEMPTS,
  type Release,
  type SlotRecord,
} from "@espx/proto";
import type { BenchBoard } from "./bench.ts";

/** How a release lies on a board. */
export interface Placement {
  readonly release: Release;
  /** Content of the config file. */
  readonly config: string;
  readonly state: "confirmed" | "trial";
}

/**
 * The files of a board on which a release was deployed into slot a: launcher, slot, config, slot record. A release on
 * trial also lies in slot b, as the set to go back to.
 */
export function boardFiles({ release, config, state }: Placement): Readonly<Record<string, Uint8Array | string>> {
  const sha256 = createHash("sha256").update(config).digest("hex");
  const record: SlotRecord = {
    count: 1,
    slot: "a",
    state,
    attemptsLeft: state === "trial" ? TRIAL_ATTEMPTS : 0,
    config: sha256,
    previous: state === "trial" ? { slot: "b", config: sha256 } : null,
    floor: 0,
  };
  const slots = state === "trial" ? ["a", "b"] : ["a"];
  return {
    ...Object.fromEntries(release.launcher.map(({ path, bytes }) => [path, bytes])),
    ...Object.fromEntries(slots.flatMap((slot) => release.files.map(({ path, bytes }) => [`/${slot}/${path}`, bytes]))),
    [configPath(sha256)]: config,
    "/state/slot0": encodeSlotRecord(record),
  };
}

/** The text of a file on a board. */
export function readText({ board }: BenchBoard, path: string): string | undefined {
  const bytes = board.flash.read(path);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

/** The slot record that holds; undefined when there is none. */
export function readRecord({ board }: BenchBoard): SlotRecord | undefined {
  const records = SLOT_RECORD_PATHS.flatMap((path) => {
    try {
      return [decodeSlotRecord(board.flash.read(path) ?? new Uint8Array())];
    } catch (error) {
      // A torn record is what the other one is for.
      if (isEspxError(error)) return [];
      throw error;
    }
  });
  return records.toSorted((left, right) => right.count - left.count)[0];
}
