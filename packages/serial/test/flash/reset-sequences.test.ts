import type { LinkTraits, SerialLink, Signals } from "@espx/proto";
import { expect, test } from "vitest";
import { hardReset, type ResetStrategy, resetOrder, resetToLoader } from "../../src/flash/reset-sequences.ts";
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
  expect(await resetToLoader(link, clock, { strategy })).toBe(true);
  expect(seen).toEqual(expected);
});

test("a hard reset pulses EN and leaves the boot pin high", async () => {
  const clock = new AutoClock();
  const { link, seen } = linkOf("uart", clock);
  expect(await hardReset(link, clock)).toBe(true);
  expect(seen).toEqual(["0:00", "0:01", "100:00"]);
});

test("the chip's own USB is left with DTR, without which it keeps its output", async () => {
  const clock = new AutoClock();
  const { link, seen } = linkOf("usb-jtag", clock);
  await hardReset(link, clock);
  expect(seen.at(-1)).toMatch(/:10$/);
});

test("what worked before is tried first, and no strategy twice", () => {
  const { link } = linkOf("uart", new AutoClock());
  expect(resetOrder(link, "classic")).toEqual(["classic", "tight", "tight-slow", "classic-slow"]);
  expect(resetOrder(linkOf("usb-jtag", new AutoClock()).link)[0]).toBe("usb-jtag");
});

test("a link without modem lines is told of at once", async () => {
  const clock = new AutoClock();
  const link = { traits: { kind: "uart" }, setSignals: () => Promise.resolve(false) } as unknown as SerialLink;
  expect(await resetToLoader(link, clock, { strategy: "tight" })).toBe(false);
  expect(clock.now()).toBe(0);
});
