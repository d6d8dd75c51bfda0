import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { closeWorlds, makeDevice, quickConfig, runScript } from "./harness.ts";

afterEach(closeWorlds);

/** Those of the firmware, which the virtual board has in Python: not ours to count. */
const firmware =
  "import binascii, errno, esp32, gc, io, json, machine, micropython, network, os, random, select, socket, struct, sys, time\n";

/** Modules in the order in which a device loads them. */
const modules =
  "loop config topics component console watchdog supervisor run log state_machine net mqtt_packets mqtt_client mqtt nvram".split(
    " ",
  );

describe("memory", () => {
  it("is taken by all modules together in less than 44 KB", async () => {
    const lines = await runScript(
      `${firmware}
for name in ${JSON.stringify(modules)}:
    gc.collect(); before = gc.mem_alloc()
    __import__("espx." + name)
    gc.collect(); print(name, gc.mem_alloc() - before)`,
      5_000,
    );
    const taken = Object.fromEntries(lines.map((line) => line.split(" ") as [string, string]));
    if (process.env["ESPX_SHOW_MEMORY"] !== undefined) console.log(taken);
    expect(Object.keys(taken)).toEqual(modules);
    expect(Object.values(taken).reduce((sum, bytes) => sum + Number(bytes), 0)).toBeLessThan(44_000);
  });

  it("holds blinky on the broker, launcher included, in 62 KB and does not grow", async () => {
    const bare = await runScript(`${firmware}gc.collect(); print(gc.mem_alloc())`, 1_000);
    const program = readFileSync(join(import.meta.dirname, "../../profiles/blinky/main.py"), "utf8");
    const device = await makeDevice({ app: program, config: quickConfig });
    await device.powerOn(190_000);
    const used = [...device.text.matchAll(/gc: (\d+) B allocated/g)].map((match) => Number(match[1]) - Number(bare[0]));
    if (process.env["ESPX_SHOW_MEMORY"] !== undefined) console.log(bare, used);
    expect(used).toHaveLength(3);
    expect(used[2]).toBeLessThan(62_000);
    expect((used[2] as number) - (used[1] as number)).toBeLessThan(1_000);
  });
});
