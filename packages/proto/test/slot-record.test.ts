import { expect, test } from "vitest";
import { encodeSlotRecord, decodeSlotRecord } from "@espx/proto";
test("a slot record reads back as written", () => {
  const record = { count: 7, slot: "b", state: "trial", attemptsLeft: 3, config: "ab".repeat(32), previous: { slot: "a", config: null }, floor: 0 } as const;
  expect(decodeSlotRecord(encodeSlotRecord(record))).toEqual(record);
});
