import { randomBytes } from "node:crypto";
import { realpathSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { has } from "../programs.ts";
import { pythonWith } from "../python.ts";
import { eventsOf, type Home, makeHome } from "./_espx.ts";

const there = has("socat") && pythonWith("mpremote") !== undefined;

/** A virtual board's terminal: a device file without modem lines and without a rate. */
async function startTerminal(home: Home): Promise<string> {
  const sim = home.start("sim", "desk", "--pty", "--json", "--broker-port", "0");
  const { data } = await sim.event("board");
  return (data["urls"] as string[])[2] ?? "";
}

describe.skipIf(!there)("a terminal whose modem lines cannot be set (needs socat, mpremote)", () => {
  test(
    "is deployed to; a program that takes no Ctrl-C is named, with what to do by hand",
    { timeout: 90_000 },
    async () => {
      await using home = await makeHome();
      const port = await startTerminal(home);
      await home.write({ "kit/main.py": "import time\nwhile True:\n    time.sleep(1)\n" });
      const first = await home.espx("deploy", "./kit", "--port", port, "--json");
      expect(first.code, first.stdout).toBe(0);
      const check = await home.espx("deploy", "./kit", "--port", port, "--check");
      expect(check.code, check.stderr).toBe(0);
      await home.write({
        "kit/main.py": "import micropython, time\nmicropython.kbd_intr(-1)\nwhile True:\n    time.sleep(1)\n",
      });
      expect((await home.espx("deploy", "./kit", "--port", port, "--quiet")).code).toBe(0);
      const deaf = await home.espx("deploy", "./kit", "--port", port);
      expect(deaf.code).toBe(6);
      expect(deaf.stderr).toContain("press its reset button and try again");
      expect(deaf.stderr).not.toContain("after a reset");
    },
  );

  test("has one espx at a time: the second is told who has it", { timeout: 60_000 }, async () => {
    await using home = await makeHome();
    const port = realpathSync(await startTerminal(home));
    const holder = home.start("exec", "import time; print('in'); time.sleep(20)", "--port", port, "--json");
    await holder.event("output");
    const second = await home.espx("deploy", "blinky", "--port", port);
    expect(second.code, second.stderr).toBe(5);
    expect(second.stderr).toContain(`(pid ${holder.child.pid})`);
    holder.child.kill("SIGINT");
    expect((await holder.ended).code).toBe(130);
  });

  test(
    "gives mpremote a prompt at its first try, four seconds after an espx that was killed in a deploy",
    { timeout: 60_000 },
    async () => {
      await using home = await makeHome();
      const port = await startTerminal(home);
      const folder = join(home.folder, "set");
      await mkdir(folder);
      await writeFile(join(folder, "data.bin"), randomBytes(600_000));
      const deploy = home.start("deploy", "./set", "--port", port, "--no-restart", "--json");
      await deploy.event("progress", ({ data }) => Number(data["doneBytes"]) > 50_000);
      deploy.child.kill("SIGKILL");
      await deploy.ended;
      const killedMs = performance.now();
      const python = pythonWith("mpremote") as string;
      await sleep(4_300);
      const files = await home.run(python, [
        "-m",
        "mpremote",
        "connect",
        port,
        "exec",
        "import os; print(os.listdir())",
      ]).ended;
      expect(files.code, files.stdout + files.stderr).toBe(0);
      expect(performance.now() - killedMs).toBeLessThan(9_000);
      expect(files.stdout).not.toContain("data.bin");
      const again = await home.espx("deploy", "./set", "--port", "sim:desk", "--json");
      expect(again.code, again.stdout).toBe(0);
      expect(eventsOf(again).find(({ kind }) => kind === "deployed")?.data).toMatchObject({ state: "placed" });
    },
  );
});
