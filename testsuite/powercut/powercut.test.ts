import { beforeAll, describe, expect, test } from "vitest";
import { bootAfter } from "./boot-cut.ts";
import { allCuts, powercut } from "./powercut.ts";
import { recordDeploy } from "./record-deploy.ts";
import type { RecordedDeploy } from "./record-deploy.ts";
import { twoReleases } from "./releases.ts";

test("a sample of power cuts in a deploy leaves a whole set each time, and both sets come up", async () => {
  const notes: string[] = [];
  const rows = await powercut({ sample: true, seed: 7, note: (text) => notes.push(text) });
  const value = (row: string): number => rows.find((one) => one.row === row)?.value ?? Number.NaN;
  expect(notes).toEqual([]);
  for (const scene of ["update", "take-over"]) {
    expect(value(`${scene}, clean cuts: tried`)).toBe(12);
    expect(value(`${scene}, torn cuts: tried`)).toBe(12);
    expect(value(`${scene}, clean cuts: failed`) + value(`${scene}, torn cuts: failed`)).toBe(0);
    expect(value(`${scene}, clean cuts: came up old`)).toBeGreaterThan(0);
    expect(value(`${scene}, clean cuts: came up new`)).toBeGreaterThan(0);
  }
});

describe("the judgement", () => {
  let releases: Awaited<ReturnType<typeof twoReleases>>;
  let deploy: RecordedDeploy;
  beforeAll(async () => {
    releases = await twoReleases();
    deploy = await recordDeploy(releases.before, releases.after);
  });

  test("covers a deploy that changes code, config, launcher and record, and removes what is stale", () => {
    const touched = new Set(
      deploy.journal.flatMap((one) => ("to" in one ? [one.to] : "path" in one ? [one.path] : [])),
    );
    for (const path of [
      "/b/main.py",
      "/b/lib/only0.py",
      "/main.py",
      "/boot.py",
      "/safe/slots.mpy",
      "/state/slot0",
      "/state/slot1",
    ]) {
      expect(touched).toContain(path);
    }
    expect([...touched].filter((path) => path.startsWith("/config-"))).toHaveLength(2);
    expect(allCuts(deploy.journal).clean).toHaveLength(deploy.journal.length + 1);
  });

  test("finds a set that is half there when the record is written before the files", async () => {
    const isRecord = (one: (typeof deploy.journal)[number]): boolean => "path" in one && one.path === "/state/slot0";
    const early = [...deploy.journal.filter(isRecord), ...deploy.journal.filter((one) => !isRecord(one))];
    const { faults } = await bootAfter({ ...deploy, journal: early }, { upTo: 40 }, releases);
    expect(faults.length).toBeGreaterThan(0);
  });

  test("finds a config of the other set", async () => {
    const path = `/config-${releases.before.config?.sha256.slice(0, 8)}.txt`;
    const bytes = new TextEncoder().encode("startdelay 0\nmark 2\n");
    const journal = [
      { kind: "truncate", path, sizeBytes: 0 },
      { kind: "write", path, offset: 0, bytes },
      { kind: "close", path },
    ] as const;
    const { faults } = await bootAfter({ ...deploy, journal }, { upTo: 3 }, releases);
    expect(faults).toHaveLength(2);
  });

  test("finds a file of the set that is damaged though the program does not need it", async () => {
    const journal = [{ kind: "remove", path: "/a/lib/espx/nvram.mpy" }] as const;
    const { faults } = await bootAfter({ ...deploy, journal }, { upTo: 1 }, releases);
    expect(faults).toEqual(["/a/lib/espx/nvram.mpy is not of this set"]);
  });
});
