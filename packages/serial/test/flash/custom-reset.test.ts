import { isEspxError } from "@espx/proto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseCustomReset, type ResetStep } from "../../src/flash/custom-reset.ts";

/** Steps, each with a way to write it. */
const steps = fc.oneof(
  fc.boolean().map((dtr) => ({ text: `D${Number(dtr)}`, step: { dtr } as ResetStep })),
  fc.boolean().map((rts) => ({ text: `r${Number(rts)}`, step: { rts } as ResetStep })),
  fc
    .tuple(fc.boolean(), fc.boolean())
    .map(([dtr, rts]) => ({ text: `U${Number(dtr)}, ${Number(rts)}`, step: { dtr, rts } as ResetStep })),
  fc.integer({ min: 0, max: 10_000 }).map((ms) => ({ text: `W${ms / 1000}`, step: ms as ResetStep })),
);

test("what was written down is what is done, however it is spaced", () => {
  fc.assert(
    fc.property(fc.array(steps, { minLength: 1, maxLength: 64 }), fc.boolean(), (written, hasBarAtEnd) => {
      const text = written.map((entry) => entry.text).join(" | ") + (hasBarAtEnd ? "|" : "");
      const { steps: read } = parseCustomReset(text);
      expect(read.length).toBe(written.length);
      for (const [index, { step }] of written.entries()) {
        const got = read[index];
        if (typeof step === "number") expect(got).toBeCloseTo(step, 6);
        else expect(got).toEqual(step);
      }
    }),
  );
});

test("whatever else is written, the error names it and shows how steps look", () => {
  const anything = fc.oneof(fc.string(), fc.stringMatching(/^[DRUW0-9.,| -]{0,30}$/));
  fc.assert(
    fc.property(anything, (text) => {
      try {
        const { steps: read } = parseCustomReset(text);
        expect(read.length).toBeGreaterThan(0);
        for (const step of read) if (typeof step === "number") expect(step).toBeLessThanOrEqual(10_000);
      } catch (error) {
        if (!isEspxError(error, "flash/bad-reset-sequence")) throw error;
        expect(error.exitCode).toBe(2);
        expect(error.hint).toContain("D0|R1|W0.1|D1|R0|W0.05|D0");
      }
    }),
  );
});

test.each([
  ["", "there is no step in it"],
  ["D2", '"D2" is no step'],
  ["D1||R0", '"" is no step'],
  ["D10|R0", '"D10" is no step'],
  ["U1", '"U1" is no step'],
  ["U1,2", '"U1,2" is no step'],
  ["W", '"W" is no step'],
  ["W-1", '"W-1" is no step'],
  ["W1e3", '"W1e3" is no step'],
  ["W60", '"W60" waits longer than 10 seconds'],
  ["D0|E1", '"E1" is no step'],
  [Array.from({ length: 65 }, () => "D0").join("|"), "there are 65 steps in it, expected 64 at most"],
])("%j is refused: %s", (text, why) => {
  expect(() => parseCustomReset(text)).toThrow(expect.objectContaining({ message: expect.stringContaining(why) }));
});
