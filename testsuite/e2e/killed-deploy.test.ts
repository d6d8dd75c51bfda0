import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventsOf, makeHome, startSim } from "./_espx.ts";

test(
  "a deploy whose espx is killed leaves a board on which the same command sends what is missing",
  { timeout: 90_000 },
  async () => {
    await using home = await makeHome();
    await startSim(home, "killed");
    const folder = join(home.folder, "set");
    await mkdir(folder);
    for (let number = 0; number < 12; number++) await writeFile(join(folder, `part${number}.bin`), randomBytes(40_000));
    const command = ["deploy", "./set", "--port", "sim:killed", "--no-restart", "--json"];
    const first = home.start(...command);
    await first.event("progress", ({ data }) => Number(data["doneBytes"]) > 100_000);
    first.child.kill("SIGKILL");
    expect((await first.ended).code).toBeNull();

    const again = await home.espx(...command);
    expect(again.code).toBe(0);
    const plan = eventsOf(again).find(({ kind }) => kind === "plan");
    // What was told of is on the board: two whole files of 40,000 bytes and a part of the third.
    expect(Number(plan?.data["sendBytes"])).toBeLessThanOrEqual(480_000 - 80_000);
    expect(Number(plan?.data["sendBytes"])).toBeGreaterThan(0);
    const unchanged = await home.espx(...command);
    expect(eventsOf(unchanged).find(({ kind }) => kind === "plan")?.data["upToDate"]).toBe(true);
  },
);
