import { type Partition, partitionType } from "./partition.ts";

/** Whether a layout can take firmware over the air. */
export interface OtaAbility {
  readonly able: boolean;
  /** Partitions that a new application can go to, in turn. */
  readonly slots: readonly Partition[];
  /** One sentence for a person, without a full stop. */
  readonly reason: string;
}

const FIRST_SLOT = 0x10;
const LAST_SLOT = 0x1f;

/**
 * Firmware over the air needs two application slots (`ota_0`, `ota_1`) and the OTA data that says which one starts.
 *
 * @source ESP-IDF docs, "Over The Air Updates"
 */
export function otaAbility(partitions: readonly Partition[]): OtaAbility {
  const slots = partitions.filter(
    ({ type, subtype }) => type === partitionType.app && subtype >= FIRST_SLOT && subtype <= LAST_SLOT,
  );
  const hasOtaData = partitions.some(({ type, subtype }) => type === partitionType.data && subtype === 0);
  const able = slots.length >= 2 && hasOtaData;
  return { able, slots, reason: reasonFor(slots, hasOtaData) };
}

function reasonFor(slots: readonly Partition[], hasOtaData: boolean): string {
  if (slots.length < 2) {
    return `firmware cannot come over the air: it needs two application slots, and there ${slots.length === 1 ? "is one" : "are none"}`;
  }
  if (!hasOtaData) return "firmware cannot come over the air: there is no partition for OTA data";
  const smallest = Math.min(...slots.map(({ sizeBytes }) => sizeBytes));
  return `firmware can come over the air: ${slots.length} slots, images up to ${smallest} bytes`;
}
