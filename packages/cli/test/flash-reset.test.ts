import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { SerialLink, Signals } from "@espx/proto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ChipFixture } from "../../sim/test/chip/chip-fixture.ts";
import { withChip } from "./_chip.ts";
import { firmwareFile } from "./_firmware.ts";
import { type LineChanges, throughLine } from "./_lines.ts";
import { run, type RunResult, tempFolder } from "./_run.ts";

let folder: Awaited<ReturnType<typeof tempFolder>>;
beforeAll(async () => {
  folder = await tempFolder();
  await writeFile(join(folder.path, "firmware.bin"), firmwareFile("esp32"));
});
afterAll(() => folder[Symbol.asyncDispose]());

/** Runs `espx flash` on a board with a reset circuit of its own, as the user whose state is in `state`. */
function flash(
  { board }: ChipFixture,
  changes: LineChanges,
  { state, argv }: { readonly state: string; readonly argv: readonly string[] },
): Promise<RunResult> {
  const openPort = (): Promise<SerialLink> => Promise.resolve(throughLine(board.openSerial(), changes));
  const outside = { openPort, listPorts: () => Promise.resolve([]) };
  const env = { ESPX_STATE_DIR: join(folder.path, state) };
  const whole = ["flash", "--port", "sim:board", "--image", "firmware.bin", "--verbose", ...argv];
  return run(whole, { outside, cwd: folder.path, env });
}

async function remembered(state: string): Promise<unknown> {
  return JSON.parse(await readFile(join(folder.path, state, "adapters.json"), "utf8"));
}

describe("DTR and RTS crossed", () => {
  const crossed: LineChanges = { setSignals: ({ dtr, rts }, pass) => pass({ dtr: rts, rts: dtr }) };
  const into = "U1,0|W0.1|U0,1|W0.05|U0,0";

  test("are served by steps that were written down, which are remembered for the adapter until another way works", () =>
    withChip({ blank: true }, async (fixture) => {
      const first = await flash(fixture, crossed, {
        state: "crossed",
        argv: ["--before", into, "--after", "D1|W0.1|D0"],
      });
      expect(first.code, first.stderr).toBe(0);
      expect(first.stdout).toContain("MicroPython v");
      expect(await remembered("crossed")).toMatchObject({ "sim:board": { strategy: "custom", sequence: into } });

      const again = await flash(fixture, crossed, { state: "crossed", argv: ["--after", "u1,0 | w0.1 | u0,0"] });
      expect(again.code, again.stderr).toBe(0);
      expect(again.stderr).toContain("reset 1: custom");
      expect(again.stderr).not.toContain("reset 2");

      const uncrossed = await flash(fixture, {}, { state: "crossed", argv: [] });
      expect(uncrossed.code, uncrossed.stderr).toBe(0);
      const [entry] = Object.values((await remembered("crossed")) as Record<string, Record<string, unknown>>);
      expect(entry).toMatchObject({ strategy: expect.stringMatching(/^(tight|classic)/) as string });
      expect(entry).not.toHaveProperty("sequence");
    }));
});

/** EN rises that much later than it is let go, as behind a large capacitor. */
function lateEn(lateMs: number): LineChanges {
  let now: Signals = { dtr: false, rts: false };
  let isHeld = false;
  return {
    setSignals: async (signals, pass) => {
      now = signals;
      if (isHeld) return true;
      if (!(signals.rts && !signals.dtr)) return pass(signals);
      isHeld = true;
      await pass(signals);
      const letGo = (): void => {
        if (now.rts && !now.dtr) return void setTimeout(letGo, 10);
        setTimeout(() => {
          isHeld = false;
          void pass(now);
        }, lateMs);
      };
      letGo();
      return true;
    },
  };
}

test("a board whose EN rises late is reached with a longer --reset-delay, which is remembered", () =>
  withChip({ blank: true }, async (fixture) => {
    const first = await flash(fixture, lateEn(800), { state: "late", argv: ["--reset-delay", "1200"] });
    expect(first.code, first.stderr).toBe(0);
    expect(await remembered("late")).toMatchObject({ "sim:board": { strategy: "tight", resetDelayMs: 1200 } });
    const again = await flash(fixture, lateEn(800), { state: "late", argv: [] });
    expect(again.code, again.stderr).toBe(0);
    expect(again.stderr).not.toContain("reset 2");
  }));

describe("is refused before a port is opened:", () => {
  const never = { outside: { openPort: () => Promise.reject(new Error("it was opened")) } };
  test.each([
    [["--before", "D0|X1"], "flash/bad-reset-sequence", /"X1" is no step/],
    [["--after", "W99"], "flash/bad-reset-sequence", /waits longer than 10 seconds/],
    [["--before", "none"], "cli/flag-value", /--before takes default-reset/],
    [["--reset-delay", "1s"], "cli/argument-value", /--reset-delay must be a whole number from 0 to 10000/],
  ])("%j", async (argv, code, says) => {
    const { code: exit, stderr } = await run(["flash", "--port", "sim:x", "--image", "firmware.bin", ...argv], {
      ...never,
      cwd: folder.path,
    });
    expect(exit).toBe(2);
    expect(stderr).toMatch(says);
    expect(stderr).toContain(`(${code})`);
  });
});

test("steps that somebody broke in the file of known adapters are refused, and the file is named", () =>
  withChip({}, async (fixture) => {
    await mkdir(join(folder.path, "broken"));
    const known = '{"sim:board":{"strategy":"custom","sequence":"D0|oops"}}';
    await writeFile(join(folder.path, "broken", "adapters.json"), known);
    const { code, stderr } = await flash(fixture, {}, { state: "broken", argv: [] });
    expect([code, stderr]).toEqual([2, expect.stringMatching(/adapters\.json.*"oops" is no step/s)]);
  }));
