import type { LinkTraits, SerialLink, Signals } from "@espx/proto";
import { expect, test } from "vitest";
import { parseCustomReset } from "../../src/flash/custom-reset.ts";
import {
  hardReset,
  performReset,
  resetOrder,
  resetSteps,
  type ResetStrategy,
} from "../../src/flash/reset-sequences.ts";
import { AutoClock } from "../auto-clock.ts";

/** A link that notes what was done to its lines, and when. */
function linkOf(kind: LinkTraits["kind"], clock: AutoClock): { readonly link: SerialLink; readonly seen: string[] } {
  const seen: string[] = [];
  const setSignals = ({ dtr, rts }: Signals): Promise<boolean> => {
    seen.push(`${clock.now()}:${Number(dtr)}${Number(rts)}`);
    return Promise.resolve(true);
  };
  const traits = { kind, safeCreditBytes: 256, resetsOnOpen: false };
  return { link: { url: "here", traits, setSignals } as unknown as SerialLink, seen };
}

test.each<[ResetStrategy, string[]]>([
  ["tight", ["0:00", "0:11", "0:01", "100:10", "150:00"]],
  ["tight-slow", ["0:00", "0:11", "0:01", "100:10", "650:00"]],
  ["classic", ["0:01", "100:11", "100:10", "150:00"]],
  ["classic-slow", ["0:01", "100:11", "100:10", "650:00"]],
  ["usb-jtag", ["0:00", "100:10", "200:11", "200:01", "300:00"]],
])("%s moves both lines at once, in the circuit's time (ms:DTR RTS)", async (strategy, expected) => {
  const clock = new AutoClock();
  const { link, seen } = linkOf("uart", clock);
  expect(await performReset(link, clock, { steps: resetSteps(strategy) })).toBe(true);
  expect(seen).toEqual(expected);
});

test("a delay is how long the boot pin stays low, and makes both variants of a circuit one", async () => {
  const clock = new AutoClock();
  const { link, seen } = linkOf("uart", clock);
  await performReset(link, clock, { steps: resetSteps("classic", { delayMs: 2000 }) });
  expect(seen).toEqual(["0:01", "100:11", "100:10", "2100:00"]);
  expect(resetOrder(link, { delayMs: 2000 })).toEqual(["tight", "classic"]);
  expect(resetOrder(link, { delayMs: 2000, remembered: "classic-slow" })).toEqual(["classic", "tight"]);
});

test("a sequence that was written down moves one line at a time, or both", async () => {
  const clock = new AutoClock();
  const { link, seen } = linkOf("uart", clock);
  const custom = parseCustomReset("D0|R1|W0.1|D1|R0|W0.05|U0,1|D0");
  await performReset(link, clock, { steps: resetSteps("custom", { custom }) });
  expect(seen).toEqual(["0:00", "0:01", "100:11", "100:10", "150:01", "150:01"]);
  expect(resetOrder(link, { custom, remembered: "custom" })[0]).toBe("custom");
});

test("a reset that is called off lets both lines go", async () => {
  const clock = new AutoClock();
  const { link, seen } = linkOf("uart", clock);
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(performReset(link, clock, { steps: resetSteps("classic"), signal })).rejects.toThrow("enough");
  expect(seen).toEqual(["0:01", "0:00"]);
});

test("a hard reset pulses EN and leaves the boot pin high", async () => {
  const clock = new AutoClock();
  const { link, seen } = linkOf("uart", clock);
  expect(await hardReset(link, clock)).toBe(true);
  expect(seen).toEqual(["0:00", "0:01", "100:00"]);
});

test("the chip's own USB is reset with DTR down, which would ask for its loader, and left with DTR, without which it keeps its output", async () => {
  const clock = new AutoClock();
  const { link, seen } = linkOf("usb-jtag", clock);
  await hardReset(link, clock);
  expect(seen).toEqual(["0:00", "0:01", "200:00", "400:10"]);
});

test("what worked before is tried first, and no strategy twice", () => {
  const { link } = linkOf("uart", new AutoClock());
  expect(resetOrder(link, { remembered: "classic" })).toEqual(["classic", "tight", "tight-slow", "classic-slow"]);
  expect(resetOrder(linkOf("usb-jtag", new AutoClock()).link)[0]).toBe("usb-jtag");
});

test("a link without modem lines is told of at once", async () => {
  const clock = new AutoClock();
  const link = { traits: { kind: "uart" }, setSignals: () => Promise.resolve(false) } as unknown as SerialLink;
  expect(await performReset(link, clock, { steps: resetSteps("tight") })).toBe(false);
  expect(clock.now()).toBe(0);
});
