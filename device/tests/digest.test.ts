import { isKept } from "@espx/ota";
import { afterEach, describe, expect, it } from "vitest";
import { app, goodApp, offlineConfig } from "./apps.ts";
import { closeWorlds, type Device, type DeviceOptions, makeDevice, runScript } from "./harness.ts";

afterEach(closeWorlds);

/** The digest in the device's last answer. */
async function digestOf(device: Device): Promise<string> {
  await device.type("\r#espx? 1\r");
  const last = [...device.text.matchAll(/^#espx! 1 (.*?)\r?$/gm)].at(-1)?.[1] ?? "{}";
  return (JSON.parse(last) as { digest?: string }).digest ?? "none";
}

async function started(options: Partial<DeviceOptions> = {}): Promise<Device> {
  const device = await makeDevice({ app: goodApp, components: [], config: offlineConfig, ...options });
  return device.powerOn(1_000);
}

const release = (keep: readonly string[]): string => JSON.stringify({ id: "app-0000000a", components: [], keep });

describe("the digest of a running set", () => {
  it("stays the same over questions, resets and power cycles", async () => {
    const device = await started();
    const digest = await digestOf(device);
    expect(digest).toMatch(/^[0-9a-f]{16}$/);
    expect(await digestOf(device)).toBe(digest);
    await device.powerCycle(2_000);
    expect(await digestOf(device)).toBe(digest);
  });

  it.each([
    ["a file of the slot that is longer", "/a/main.py", `${goodApp}\n`],
    ["a new file in the slot", "/a/lib/new.py", ""],
    ["the config in use", "/config.txt", `${offlineConfig}\n`],
    ["the launcher", "/main.py", "pass\n"],
    ["what the launcher shares", "/safe/more.py", "x"],
  ])("changes with %s", async (_, path, content) => {
    const device = await started();
    const digest = await digestOf(device);
    device.board.flash.write(path, content);
    expect(await digestOf(device)).not.toBe(digest);
  });

  it("changes with a file of the same size that was written later", async () => {
    const device = await started({
      app: app(`def late(task):
    with open("helper.py", "w") as file:
        file.write("x = 2")
ctx.loop.once("late", late, 5000)`),
      files: { "/a/helper.py": "x = 1" },
    });
    const digest = await digestOf(device);
    await device.advance(6_000);
    expect(device.file("/a/helper.py")).toBe("x = 2");
    expect(await digestOf(device)).not.toBe(digest);
  });

  it("leaves out what the program keeps, the other slot, and whatever lies elsewhere", async () => {
    const device = await started({ files: { "/a/release.json": release(["data/*.txt", "log"]), "/a/data/a.txt": "" } });
    const digest = await digestOf(device);
    for (const path of ["/a/data/a.txt", "/a/data/new.txt", "/a/log/1/2", "/b/main.py", "/state/x", "/notes.txt"])
      device.board.flash.write(path, "more");
    expect(await digestOf(device)).toBe(digest);
    device.board.flash.write("/a/data/other.bin", "");
    expect(await digestOf(device)).not.toBe(digest);
  });

  it("reads globs as a deploy does", async () => {
    const globs = ["data/*", "*.txt", "./logs/", "a?c", "deep/**/x.bin", "**/tail", "a+b(1).txt", "**"];
    const paths = ["data/a", "data/b/c", "x.txt", "d/x.txt", "logs/1", "logs", "abc", "ac", "a/c", "deep/x.bin"];
    paths.push("deep/1/2/x.bin", "tail", "1/2/tail", "a+b(1).txt", "aab1.txt", "a/tail/b");
    const pairs = globs.flatMap((glob) => paths.map((path) => [glob, path] as const));
    const lines = await runScript(
      `import re
from espx.digest import expression
for glob, path in ${JSON.stringify(pairs)}:
    print(bool(re.compile(expression(glob)).match(path)))`,
      5_000,
    );
    expect(lines).toEqual(pairs.map(([glob, path]) => (isKept(path, [glob]) ? "True" : "False")));
  });

  it("is not told on trial, when the question comes again and again", async () => {
    const device = await started({ record: { state: "trial", attemptsLeft: 3 } });
    expect(await digestOf(device)).toBe("none");
  });
});
