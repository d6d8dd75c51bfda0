import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { eventsOf, makeHome, simConfig, startSim } from "./_espx.ts";

test(
  "espx sim in one terminal is deployed to, listened to and commanded from others",
  { timeout: 90_000 },
  async () => {
    await using home = await makeHome();
    const { urls, broker } = await startSim(home, "shed");
    expect(urls).toEqual(["sim:shed", expect.stringMatching(/^rfc2217:\/\/127\.0\.0\.1:\d+$/)]);
    await home.write({ "config.txt": simConfig("shed", broker) });

    const dry = await home.espx(
      "deploy",
      "blinky",
      "--port",
      "sim:shed",
      "--config",
      "config.txt",
      "--dry-run",
      "--json",
    );
    expect(dry.code, dry.stdout).toBe(0);
    const differs = await home.espx("deploy", "blinky", "--port", "sim:shed", "--config", "config.txt", "--check");
    expect(differs.code, differs.stderr).toBe(7);

    const deploy = await home.espx("deploy", "blinky", "--port", "sim:shed", "--config", "config.txt", "--json");
    expect(deploy.code, deploy.stdout).toBe(0);
    const deployed = eventsOf(deploy).find((event) => event.kind === "deployed");
    expect(deployed?.data).toMatchObject({ slot: "a", state: "confirmed", port: "sim:shed" });
    expect(eventsOf(deploy).filter((event) => event.kind === "progress").length).toBeGreaterThan(1);

    const again = await home.espx("deploy", "blinky", "--port", "sim:shed", "--config", "config.txt", "--json");
    expect(again.code, again.stdout).toBe(0);
    expect(eventsOf(again).find((event) => event.kind === "deployed")?.data).toMatchObject({
      state: "unchanged",
      sentBytes: 0,
    });

    const monitor = home.start("monmqtt", "shed", "--json", "--timeout", "30");
    const rate = monitor.event("message", ({ data }) => data["topic"] === "stat/shed/Rate" && data["payload"] === "5");
    // Nothing says when the monitor listens: the command is given until it is heard.
    const heard = rate.then(() => true);
    while (!(await Promise.race([heard, sleep(1000, false)]))) {
      expect((await home.espx("cmd", "shed", "Rate", "5")).code).toBe(0);
    }
    monitor.child.kill("SIGINT");
    expect((await monitor.ended).code).toBe(130);

    const over = urls[1] ?? "";
    const exec = await home.espx("exec", "print(6 * 7)", "--port", over);
    expect(exec).toEqual({ code: 0, stdout: "42\n", stderr: "" });
    const check = await home.espx("deploy", "blinky", "--port", over, "--check");
    expect(check.code, check.stderr).toBe(0);
  },
);

test("a changed program goes over rfc2217:// into the other slot", { timeout: 90_000 }, async () => {
  await using home = await makeHome();
  const { urls } = await startSim(home, "barn");
  const port = urls[1] ?? "";
  await home.write({ "config.txt": "ssid (none)\nrate 2\n" });
  expect(await home.espx("deploy", "blinky", "--port", port, "--config", "config.txt", "--quiet")).toMatchObject({
    code: 0,
  });
  const config = "ssid (none)\nrate 3\n";
  await home.write({ "config.txt": config });
  const second = await home.espx("deploy", "blinky", "--port", port, "--config", "config.txt", "--json");
  expect(second.code, second.stdout).toBe(0);
  expect(eventsOf(second).find((event) => event.kind === "deployed")?.data).toMatchObject({ state: "confirmed" });
  const read = await home.espx(
    "exec",
    "import os; print([name for name in os.listdir('/') if name.startswith('config-')])",
    "--port",
    port,
  );
  expect(read.code, read.stderr).toBe(0);
});

test("Ctrl-C stops espx sim cleanly, and its boards are found no more", async () => {
  await using home = await makeHome();
  const { sim } = await startSim(home, "shed", "cellar");
  expect((await home.espx("ports")).stdout).toMatch(/^sim:cellar .*\nsim:shed /);
  sim.child.kill("SIGINT");
  const ended = await sim.ended;
  expect(ended.code).toBe(130);
  expect(ended.stderr).toBe("");
  expect(
    eventsOf(ended)
      .filter((event) => event.kind === "stopped")
      .map((event) => event.device),
  ).toEqual(["shed", "cellar"]);
  expect((await home.espx("sim", "list")).stdout).toBe("");
  const again = await startSim(home, "shed");
  again.sim.child.kill("SIGTERM");
  expect(await again.sim.ended).toMatchObject({ code: 143, stderr: "" });
  const gone = await home.espx("exec", "1", "--port", "sim:shed");
  expect(gone.code).toBe(4);
  expect(gone.stderr).toContain("do this: start it in another terminal: espx sim shed");
});

test("a second simulator of a name and a second client of a port end with exit 5 and name the holder", async () => {
  await using home = await makeHome();
  const { sim } = await startSim(home, "shed");
  const second = await home.espx("sim", "shed", "--broker-port", "0");
  expect(second.code).toBe(5);
  expect(second.stderr).toContain(`pid ${sim.child.pid}`);
  const holder = home.start("exec", "import time; print('in'); time.sleep(20)", "--port", "sim:shed", "--json");
  await holder.event("output");
  const busy = await home.espx("exec", "print(1)", "--port", "sim:shed");
  expect(busy.code, busy.stderr).toBe(5);
  expect(busy.stderr).toContain(String(holder.child.pid));
  holder.child.kill("SIGINT");
  expect((await holder.ended).code).toBe(130);
  const free = await home.espx("exec", "print(1)", "--port", "sim:shed");
  expect(free, free.stderr).toEqual({ code: 0, stdout: "1\n", stderr: "" });
});

test("pins, power and faults are reached from another terminal", async () => {
  await using home = await makeHome();
  await startSim(home, "shed");
  expect(await home.espx("sim", "pin", "shed", "4", "1")).toEqual({ code: 0, stdout: "shed pin 4 is 1\n", stderr: "" });
  const read = await home.espx("exec", "from machine import Pin; print(Pin(4, Pin.IN).value())", "--port", "sim:shed");
  expect(read).toEqual({ code: 0, stdout: "1\n", stderr: "" });
  expect((await home.espx("sim", "power", "shed", "cycle")).code).toBe(0);
  expect((await home.espx("sim", "fault", "shed", "serial", "silent")).code).toBe(0);
  const silent = await home.espx("exec", "print(1)", "--port", "sim:shed", "--timeout", "5");
  expect(silent.code, silent.stderr).toBe(6);
  expect(silent.stderr).toContain("(serial/no-reply)");
  expect((await home.espx("sim", "fault", "shed", "serial", "garbage")).code).toBe(0);
  const garbage = await home.espx("exec", "print(1)", "--port", "sim:shed", "--timeout", "5");
  expect(garbage.code, garbage.stderr).toBe(6);
  expect(garbage.stderr).toContain("(serial/not-micropython)");
  expect((await home.espx("sim", "fault", "shed", "serial", "normal")).code).toBe(0);
  expect((await home.espx("exec", "print(1)", "--port", "sim:shed")).stdout).toBe("1\n");
  expect((await home.espx("sim", "fault", "shed", "sparks")).code).toBe(2);
});

test("a board's flash stays between runs of espx sim, unless it shall be forgotten", async () => {
  await using home = await makeHome();
  await home.write({ "notes.txt": "remember me\n" });
  const first = await startSim(home, "shed");
  const copied = await home.espx("pcp", "notes.txt", "--port", "sim:shed", "--json");
  expect(copied.code, copied.stdout).toBe(0);
  expect(eventsOf(copied).find((event) => event.kind === "file")?.data).toMatchObject({
    path: "/notes.txt",
    sizeBytes: 12,
    unchanged: false,
  });
  first.sim.child.kill("SIGINT");
  await first.sim.ended;
  const second = await startSim(home, "shed");
  expect((await home.espx("pcp", "notes.txt", "--port", "sim:shed")).stdout).toContain("unchanged");
  second.sim.child.kill("SIGINT");
  await second.sim.ended;
  const third = home.start("sim", "shed", "--fresh", "--json", "--broker-port", "0");
  await third.event("board");
  expect((await home.espx("exec", "import os; print(os.listdir('/'))", "--port", "sim:shed")).stdout).not.toContain(
    "notes.txt",
  );
});

test("code from standard input and a traceback with exit 8", async () => {
  await using home = await makeHome();
  await startSim(home, "shed");
  const raised = await home.espx("exec", "def f():\n  raise ValueError('no')\nf()", "--port", "sim:shed");
  expect(raised.code).toBe(8);
  expect(raised.stderr).toContain(
    '  Traceback (most recent call last):\n    File "<stdin>", line 3, in <module>\n    File "<stdin>", line 2, in f\n  ValueError: no\n',
  );
});

test("the built command says its version and ends quietly when nobody reads on", async () => {
  await using home = await makeHome();
  const manifest = JSON.parse(await readFile(new URL("../../packages/cli/package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  expect(await home.espx("--version")).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: "" });
  const { sim } = await startSim(home, "shed");
  const flood = home.start("exec", "for i in range(100000): print(i)", "--port", "sim:shed");
  flood.child.stdout?.once("data", () => flood.child.stdout?.destroy());
  const ended = await flood.ended;
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  expect(sim.child.exitCode).toBeNull();
});
