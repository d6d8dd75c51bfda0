import { encodeSlotRecord } from "@espx/proto";
import { afterEach, describe, expect, it } from "vitest";
import { app, goodApp, offlineConfig } from "./apps.ts";
import { closeWorlds, type Device, makeDevice, slotFiles } from "./harness.ts";

afterEach(closeWorlds);

async function trialDevice(newApp: string, attemptsLeft = 3): Promise<Device> {
  return makeDevice({
    app: app(`ctx.say("old set")`),
    components: ["log"],
    config: offlineConfig,
    record: { slot: "b", state: "trial", attemptsLeft, previous: { slot: "a", config: null } },
    files: await slotFiles("b", newApp, ["log"]),
  });
}

/** Cuts power at each flash operation of the first `forMs`, clean and torn; `check` sees the board after `afterMs` of its next life. */
async function cutEverywhere(
  make: () => Promise<Device>,
  { forMs, afterMs, check }: { forMs: number; afterMs: number; check: (device: Device, where: string) => void },
): Promise<number> {
  const whole = await make();
  await whole.powerOn(forMs);
  const { journal } = whole.board.flash;
  for (const [index, { kind }] of journal.entries()) {
    const operation = index + 1;
    // Only a write can be torn.
    for (const tornBytes of kind === "write" ? [undefined, 7] : [undefined]) {
      const device = await make();
      const cut = device.board.cutAt(operation, tornBytes);
      await device.powerOn(forMs);
      await cut;
      await device.powerOn(afterMs);
      check(device, `operation ${operation} of ${journal.length}, torn after ${tornBytes}`);
      await device.world.close();
    }
  }
  return journal.length;
}

describe("a power cut", () => {
  it("at any flash operation of a confirmation leaves a set that is confirmed at the next start", async () => {
    const operations = await cutEverywhere(() => trialDevice(goodApp), {
      forMs: 15_000,
      afterMs: 15_000,
      check: (device, where) => expect(device.record(), where).toMatchObject({ slot: "b", state: "confirmed" }),
    });
    expect(operations).toBeGreaterThan(1);
  }, 120_000);

  it("at any flash operation of a crash and its fall-back leaves a set that falls back", async () => {
    const operations = await cutEverywhere(() => trialDevice("components = [", 1), {
      forMs: 8_000,
      afterMs: 40_000,
      check: (device, where) => {
        expect(device.record(), where).toMatchObject({ slot: "a", state: "confirmed", previous: null });
        expect(device.text, where).toContain("app: old set");
      },
    });
    expect(operations).toBeGreaterThan(10);
  }, 240_000);
});

describe("a config that is not the trial's", () => {
  it("ends in the old set with the old config, wherever the power is cut meanwhile", async () => {
    const make = async (): Promise<Device> => {
      const device = await trialDevice(goodApp);
      const { count, slot, state, attemptsLeft, previous, floor } = device.record();
      const record = { count: count + 1, slot, state, attemptsLeft, previous, floor, config: "ab".repeat(32) };
      device.board.flash.write("/state/slot1", encodeSlotRecord(record));
      device.board.flash.write("/config-abababab.txt", new TextEncoder().encode("half a con"));
      device.board.flash.clearJournal();
      return device;
    };
    const operations = await cutEverywhere(make, {
      forMs: 4_000,
      afterMs: 8_000,
      check: (device, where) => {
        expect(device.record(), where).toMatchObject({ slot: "a", state: "confirmed", config: null, previous: null });
        expect(device.text, where).toContain("app: old set");
        expect(device.text, where).not.toContain("app: good");
      },
    });
    expect(operations).toBeGreaterThan(5);
  }, 120_000);
});

describe("a full flash", () => {
  it("does not keep a failing set from falling back", async () => {
    const device = await trialDevice("components = [");
    device.board.fault({ kind: "flash-full", freeBytes: 0 });
    await device.powerOn(60_000);
    expect(device.text).toContain("app: old set");
  });
});
