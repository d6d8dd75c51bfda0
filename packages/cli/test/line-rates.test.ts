import { describe, expect, test } from "vitest";
import { limitAfter, lineOf } from "../src/jobs/line-rates.ts";
import type { BaudWish } from "../src/jobs/line-rates.ts";
import type { Context } from "../src/context.ts";
import type { LinkTraits, SerialLink } from "@espx/proto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

describe("what a line is remembered for", () => {
  const triedRates = [921_600, 460_800];
  test.each([
    ["the best rate that was tried", { triedRates, rate: 921_600, troubles: 0 }, 921_600, 921_600],
    ["a lower one where the best did not answer", { triedRates, rate: 460_800, troubles: 0 }, 921_600, 460_800],
    ["that of the prompt where none did", { triedRates, rate: undefined, troubles: 0 }, 921_600, 115_200],
    ["the next lower one where much was damaged", { triedRates, rate: 921_600, troubles: 3 }, 921_600, 460_800],
    [
      "a better one that was asked for and held",
      { triedRates: [921_600], rate: 921_600, troubles: 1 },
      460_800,
      921_600,
    ],
    ["what was known where nothing was tried", { triedRates: [], rate: undefined, troubles: 0 }, 460_800, 460_800],
  ] as const)("is %s", (_, report, known, expected) => {
    expect(limitAfter(report, known)).toBe(expected);
  });
});

describe("the rates that are tried", () => {
  async function triedAt(
    kind: LinkTraits["kind"],
    wish: BaudWish,
    learnt?: number,
  ): Promise<readonly number[] | undefined> {
    const folder = mkdtempSync(join(tmpdir(), "espx-rates-"));
    const ctx = {
      env: { ESPX_STATE_DIR: folder },
      out: { emit: () => {} },
      outside: { listPorts: () => Promise.resolve([]) },
    } as unknown as Context;
    const link = { url: "/dev/ttyUSB0", traits: { kind } } as SerialLink;
    try {
      if (learnt !== undefined) {
        const { rates, onLine } = lineOf(ctx, link, "auto");
        await rates?.();
        onLine?.({ triedRates: [921_600, 460_800], rate: learnt === 115_200 ? undefined : learnt, troubles: 0 });
        await sleep(50);
      }
      return await lineOf(ctx, link, wish).rates?.();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  test("are the usual ones at an adapter that is not known", async () => {
    expect(await triedAt("uart", "auto")).toEqual([921_600, 460_800]);
  });

  test("are no more than the adapter has held", async () => {
    expect(await triedAt("uart", "auto", 460_800)).toEqual([460_800]);
    expect(await triedAt("uart", "auto", 115_200)).toEqual([]);
  });

  test("are the one that is named, and none when the rate is to be fixed", async () => {
    expect(await triedAt("uart", 230_400, 115_200)).toEqual([230_400]);
    expect(await triedAt("uart", "fixed")).toBeUndefined();
    expect(await triedAt("uart", 115_200)).toBeUndefined();
  });

  test.each(["usb-jtag", "cdc", "net", "sim"] as const)("are none at a link of kind %s", async (kind) => {
    expect(await triedAt(kind, "auto")).toBeUndefined();
  });
});
