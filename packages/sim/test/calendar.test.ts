import { describe, expect, it } from "vitest";
import { startBoard } from "./board-fixture.ts";

describe("the calendar", () => {
  it("starts in the year 2000, jumps when told so, and can be unset", async () => {
    await using fixture = await startBoard();
    await fixture.ask("import time\r");
    expect(await fixture.ask("time.gmtime()[:3]\r")).toContain("(2000, 1, 1)");
    fixture.board.fault({ kind: "clock", jumpMs: 366 * 24 * 3_600_000 });
    expect(await fixture.ask("time.gmtime()[:3]\r")).toContain("(2001, 1, 1)");
    fixture.board.fault({ kind: "clock", jumpMs: -24 * 3_600_000 });
    expect(await fixture.ask("time.gmtime()[:3]\r")).toContain("(2000, 12, 31)");
    const before = await fixture.ask("time.ticks_ms()\r");
    fixture.board.fault({ kind: "clock", jumpMs: "unset" });
    expect(await fixture.ask("time.gmtime()[:3]\r")).toContain("(2000, 1, 1)");
    const ticks = (text: string): number => Number(/^(\d+)\r$/m.exec(text)?.[1]);
    expect(ticks(await fixture.ask("time.ticks_ms()\r")) - ticks(before)).toBeLessThan(100);
  });
});
