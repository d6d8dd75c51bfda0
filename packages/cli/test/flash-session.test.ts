import { FlashSession } from "@espx/serial";
import { describe, expect, it } from "vitest";
import { type ChipName, chipModels } from "../../sim/src/chip/chip-model.ts";
import { realClock } from "../src/clock.ts";
import { flashTools as tools } from "../src/ports/flash-tools.ts";
import { firmware, withChip } from "./_chip.ts";

describe.each(Object.keys(chipModels) as ChipName[])("a session with a virtual %s", (name) => {
  it("recognises the chip, writes what is missing, reads it back, and starts it", () =>
    withChip({ chip: name, blank: true }, async (fixture) => {
      const session = await FlashSession.connect(fixture.board.openSerial(), realClock, { tools });
      expect(session.chip.target.key).toBe(name);
      expect(session.chip.identity?.mac).toEqual(fixture.board.mac);
      expect(session.chip.identity?.revision).toBe(chipModels[name].revision[0] * 100 + chipModels[name].revision[1]);
      expect(session.chip.flash).toEqual({ id: 0x1640c8, sizeBytes: 4 * 1024 * 1024 });
      expect(session.memory).toEqual({ strategy: expect.stringMatching(/^tight/), baudRate: 921_600 });
      const regions = firmware(name);
      expect(await session.write(regions)).toMatchObject({ resumed: 0, erasedBytes: 0, unchangedBytes: 0 });
      expect((await session.plan(regions)).runs).toEqual([]);
      const { address, bytes } = regions[2];
      expect(await session.read(address, bytes.length)).toEqual(bytes);
      fixture.take();
      expect(await session.leave()).toBe("reset");
      expect(await fixture.waitFor(">>> ")).toContain("MicroPython v");
      session.release();
    }));
});

it("waits for a flash chip that takes its time", () =>
  withChip({ flashTiming: "typical" }, async (fixture) => {
    const session = await FlashSession.connect(fixture.board.openSerial(), realClock, { tools });
    const regions = firmware("esp32", { sizeBytes: 200_000, version: "1.27.1" });
    expect(await session.write(regions)).toMatchObject({ resumed: 0 });
    expect((await session.plan(regions)).runs).toEqual([]);
    session.release();
  }));
