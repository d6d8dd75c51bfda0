import type { SimEvent } from "@espx/proto";
import { createSimControl, createWorld, simFaults } from "@espx/sim";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventsOf, run, type RunResult } from "./_run.ts";

const root = mkdtempSync(join(tmpdir(), "espx-fault-"));
const folder = join(root, "run");
const control = createSimControl({ createWorld, folder });
const events: SimEvent[] = [];

/** The command line as in another terminal: it reaches the simulator over its socket alone. */
const fault = (...words: readonly string[]): Promise<RunResult> =>
  run(["sim", "fault", ...words], {
    outside: { simControl: () => Promise.resolve(createSimControl({ createWorld, folder })) },
  });

describe("espx sim fault --list", () => {
  test("names every fault with its values, one line and an example, and needs no simulator", async () => {
    const { code, stdout, stderr } = await run(["sim", "fault", "--list"], {
      outside: { simControl: () => Promise.reject(new Error("there is none")) },
    });
    expect([code, stderr]).toEqual([0, ""]);
    for (const [kind, { meaning, example }] of Object.entries(simFaults)) {
      const [first = "", second] = stdout.slice(stdout.indexOf(`${kind} `)).split("\n");
      expect(first.endsWith(`  ${meaning}`)).toBe(true);
      expect(second).toBe(`    espx sim fault NAME ${example}`);
    }
    expect(stdout).toContain("link-loss [MS]  ");
    expect(stdout).toContain("partition nothing|broker|everything  ");
    expect(stdout).toContain("power-cut NUMBER|off  ");
  });

  test("is one event a fault with --json", async () => {
    const listed = eventsOf(await fault("--list", "--json")).filter(({ kind }) => kind === "fault");
    expect(listed.map(({ data }: { data: { name: string } }) => data.name.split(" ")[0])).toEqual(
      Object.keys(simFaults),
    );
    expect(listed[0]?.data).toEqual({
      name: "access-point up|down",
      description: simFaults["access-point"].meaning,
      example: "access-point down",
    });
  });
});

describe("espx sim fault NAME", () => {
  let stop = async (): Promise<void> => {};

  beforeAll(async () => {
    const start = { names: ["shed"], fresh: true, stateFolder: undefined, brokerUrl: "mqtt://127.0.0.1:1883" };
    const session = await control.start(start);
    session.world.boards()[0]?.onEvent((event) => void events.push(event));
    stop = () => session.close();
  });

  afterAll(async () => {
    await stop();
    rmSync(root, { recursive: true, force: true });
  });

  test.each(Object.entries(simFaults))("%s takes the words of its example", async (_, { example }) => {
    const { code, stderr } = await fault("shed", ...example.split(" "));
    expect([code, stderr]).toEqual([0, expect.stringContaining(`shed: ${example}`)]);
  });

  test("reaches the chip: a dip of the supply resets it", async () => {
    await expect.poll(() => events).toContainEqual(expect.objectContaining({ kind: "off", why: "brown-out" }));
  });

  test.each([
    ["sparks", '"sparks" is no fault of a virtual board', "espx sim fault --list"],
    ["access-point sideways", 'access-point takes up: boolean, got "sideways"', "access-point down"],
    ["delay", "delay takes ms: milliseconds, got nothing", "espx sim fault NAME delay 300ms"],
    ["brown-out now please", 'brown-out takes value: no value, got "now please"', "brown-out"],
    ["power-cut 0", "power-cut takes operation: count | null, got 0", "power-cut 3"],
  ])("%s is refused, with what to type instead", async (words, message, hint) => {
    const { code, stderr } = await fault("shed", ...words.split(" "));
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
    expect(stderr).toContain("(sim/bad-fault)");
  });
});
