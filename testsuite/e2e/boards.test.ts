import { expect, test } from "vitest";
import { type Ended, eventsOf, type Home, makeHome, simConfig, startSim } from "./_espx.ts";

const offline = { "config.txt": "ssid (none)\nrate 2\n" };
const shed = ["--port", "sim:shed"] as const;

const deployBlinky = (home: Home, ...more: string[]): Promise<Ended> =>
  home.espx("deploy", "blinky", ...shed, "--config", "config.txt", ...more);

/** Whether the board holds blinky, file by file, as it was deployed. */
async function holdsBlinky(home: Home): Promise<boolean> {
  const { code, stderr } = await deployBlinky(home, "--check", "--full");
  if (code !== 0 && code !== 7) throw new Error(stderr);
  return code === 0;
}

/** A project beside config.txt whose blinky has another main.py. */
function changedBlinky(main: string, more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const files = ["main.py", ...Object.keys(more)];
  return {
    "changed/espx.yaml": "fleet: test\n",
    "changed/manifests/blinky.yaml": `profile: blinky\nmodules: [log, net, mqtt]\nfiles: [${files.join(", ")}]\n`,
    "changed/profiles/blinky/main.py": main,
    ...Object.fromEntries(Object.entries(more).map(([name, content]) => [`changed/profiles/blinky/${name}`, content])),
  };
}

/** Text that takes a while on its way. */
const slowFile = Array.from({ length: 20_000 }, (_, index) => `line ${index * 7919}`).join("\n");

test("a program that fails falls back by itself, and deploy says so with exit 8", { timeout: 90_000 }, async () => {
  await using home = await makeHome();
  await startSim(home, "shed");
  await home.write({ ...offline, ...changedBlinky("raise RuntimeError('broken on purpose')\n") });
  expect(await deployBlinky(home, "--quiet")).toMatchObject({ code: 0 });
  const broken = await home.in("changed").espx("deploy", "blinky", ...shed);
  expect(broken.code, broken.stderr).toBe(8);
  expect(broken.stderr).toContain('  File "profiles/blinky/main.py", line 1, in <module>');
  expect(broken.stderr).toContain("RuntimeError: broken on purpose");
  expect(broken.stderr).toContain("(deploy/fell-back)");
  expect(await holdsBlinky(home)).toBe(true);
});

test(
  "a device without network deploys, confirms, and keeps its set over three power cycles",
  { timeout: 90_000 },
  async () => {
    await using home = await makeHome();
    await startSim(home, "shed");
    await home.write(offline);
    const deployed = await deployBlinky(home, "--json");
    expect(deployed.code, deployed.stdout).toBe(0);
    for (let cycle = 0; cycle < 3; cycle++) {
      expect((await home.espx("sim", "power", "shed", "cycle")).code).toBe(0);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    const after = await deployBlinky(home, "--check", "--json");
    expect(after.code, after.stdout).toBe(0);
    expect(eventsOf(after).find((event) => event.kind === "running")?.data).toMatchObject({
      slot: "a",
      state: "confirmed",
    });
  },
);

test(
  "Ctrl-C, a reboot and a lost cable in the middle of a deploy leave what was there",
  { timeout: 120_000 },
  async () => {
    await using home = await makeHome();
    await startSim(home, "shed");
    await home.write({ ...offline, ...changedBlinky("components = []\n", { "slow.txt": slowFile }) });
    expect(await deployBlinky(home, "--quiet")).toMatchObject({ code: 0 });
    const interrupted = home.in("changed").start("deploy", "blinky", ...shed, "--json");
    await interrupted.event("progress");
    interrupted.child.kill("SIGINT");
    const ended = await interrupted.ended;
    expect(ended).toMatchObject({ code: 130, stderr: "" });
    expect(eventsOf(ended).at(-1)).toMatchObject({ kind: "result", data: { exit: 130 } });
    expect(await holdsBlinky(home)).toBe(true);

    const rebooted = home.in("changed").start("deploy", "blinky", ...shed, "--json");
    await rebooted.event("progress");
    await home.espx("sim", "power", "shed", "cycle");
    const second = await rebooted.ended;
    expect(second.code, second.stdout).toBe(6);
    expect(eventsOf(second).at(-1)?.code).toBe("serial/rebooted");
    expect(await holdsBlinky(home)).toBe(true);

    const lost = home.in("changed").start("deploy", "blinky", ...shed, "--json");
    await lost.event("progress");
    await home.espx("sim", "fault", "shed", "serial", "lost");
    const third = await lost.ended;
    expect(third.code, third.stdout).toBe(6);
    expect(eventsOf(third).at(-1)?.code).toBe("link/lost");
    await home.espx("sim", "fault", "shed", "serial", "normal");
    expect(await holdsBlinky(home)).toBe(true);
  },
);

test("a foreign program is named and replaced only after --yes, and its files stay", { timeout: 90_000 }, async () => {
  await using home = await makeHome();
  await startSim(home, "shed");
  await home.write({ ...offline, "own.py": "print('my own program')\n", "data.txt": "precious\n" });
  expect(await home.espx("pcp", "own.py", "/main.py", ...shed)).toMatchObject({ code: 0 });
  expect(await home.espx("pcp", "data.txt", ...shed)).toMatchObject({ code: 0 });
  const refused = await deployBlinky(home);
  expect(refused.code, refused.stderr).toBe(2);
  expect(refused.stderr).toContain("the board has a program of its own in /main.py");
  expect(refused.stderr).toContain("do this: agree with --yes");
  const list = ["exec", "import os; print(sorted(os.listdir('/')))", ...shed] as const;
  expect((await home.espx(...list)).stdout).toBe("['data.txt', 'main.py']\n");
  const agreed = await deployBlinky(home, "--yes", "--no-wait");
  expect(agreed.code, agreed.stderr).toBe(0);
  const read = await home.espx("exec", "print(open('/old/main.py').read(), open('/data.txt').read())", ...shed);
  expect(read.stdout).toBe("print('my own program')\n precious\n\n");
});

test("a board that is full refuses with exit 10 and keeps what it had", { timeout: 90_000 }, async () => {
  await using home = await makeHome();
  await startSim(home, "shed");
  await home.write(offline);
  await home.espx("sim", "fault", "shed", "flash-full", "8192");
  const full = await deployBlinky(home);
  expect(full.code, full.stderr).toBe(10);
  expect(full.stderr).toMatch(/needs \d+ bytes free, the board has \d+/);
  await home.espx("sim", "fault", "shed", "flash-full", "off");
  expect((await home.espx("exec", "import os; print(os.listdir('/'))", ...shed)).stdout).toBe("[]\n");
});

test(
  "a broker that is absent is named when the wait ends, and the set stays on trial",
  { timeout: 90_000 },
  async () => {
    await using home = await makeHome();
    await startSim(home, "shed");
    await home.write({ "config.txt": "ssid espx-sim\npassword espx-sim\nmqttbroker 127.0.0.1:1\nmqttname shed\n" });
    const unproven = await deployBlinky(home, "--timeout", "15");
    expect(unproven.code, unproven.stderr).toBe(6);
    expect(unproven.stderr).toMatch(/not confirmed after 1\d s: it still waits for .*mqtt/);
  },
);

test("no config for a profile that requires keys ends with exit 3 and an example", async () => {
  await using home = await makeHome();
  await startSim(home, "shed");
  const bare = await home.espx("deploy", "blinky", ...shed);
  expect(bare.code, bare.stderr).toBe(3);
  expect(bare.stderr).toContain("blinky needs a config with ssid, none was given and the board has none");
  expect(bare.stderr).toContain("espx deploy blinky --config config.txt");
});

test(
  "a person's own project in an empty folder, by the name of the device, on the right board only",
  { timeout: 90_000 },
  async () => {
    await using home = await makeHome();
    const { sim, broker } = await startSim(home, "shed");
    const id = (await sim.event("board")).data["id"] as string;
    const project = (mac: string): string => `broker: {url: "${broker}"}
devices:
  porch:
    id: ${mac}
    port: sim:shed
    profile: lamp
    config:
      ssid: espx-sim
      password: \${WIFI_PASSWORD}
      mqttbroker: ${new URL(broker).host}
`;
    await home.write({
      "espx.yaml": project("24:0a:c4:ff:ff:ff"),
      "espx.secrets.yaml": "WIFI_PASSWORD: espx-sim\n",
      "manifests/lamp.yaml": `profile: lamp
modules: [log, net, mqtt]
files: [main.py, {from: words/greeting.py, to: lib/greeting.py}]
config:
  startdelay: {type: number, unit: s, default: 0}
  netstart: {type: number, unit: s, default: 0}
  mqttstart: {type: number, unit: s, default: 0}
`,
      "profiles/lamp/main.py": `from espx.component import Component
from espx.topics import Publisher
from greeting import text


class Lamp(Component):
    name = "lamp"
    needs = ("mqtt",)

    def start(self, ctx):
        self.topics = [Publisher("Greeting", lambda: text, 500, 1000)]


components = [Lamp()]
`,
      "profiles/lamp/words/greeting.py": 'text = "good evening"\n',
      "deep/below/.keep": "",
    });
    const wrong = await home.espx("deploy", "lamp", "--device", "porch");
    expect(wrong.code, wrong.stderr).toBe(10);
    expect(wrong.stderr).toContain(`the board at sim:shed has the id ${id}, porch is 240ac4ffffff`);
    await home.write({ "espx.yaml": project(id) });
    const monitor = home.start("monmqtt", "porch", "--json", "--timeout", "60");
    const greeting = monitor.event("message", ({ data }) => data["payload"] === "good evening");
    const deployed = await home.in("deep/below").espx("deploy", "lamp", "--device", "porch", "--json");
    expect(deployed.code, deployed.stdout).toBe(0);
    expect(deployed.stdout).not.toContain("espx-sim\\n");
    expect((await greeting).data["topic"]).toBe("stat/porch/Greeting");
    const other = await home.espx("deploy", "blinky", "--device", "porch");
    expect(other.code).toBe(2);
    expect(other.stderr).toContain("espx.yaml says that porch is a lamp, not a blinky");
  },
);

test(
  "commands sent while an unchanged device is deployed again are obeyed, each one",
  { timeout: 90_000 },
  async () => {
    await using home = await makeHome();
    const { broker } = await startSim(home, "shed");
    await home.write({ "config.txt": simConfig("shed", broker) });
    expect(await deployBlinky(home, "--quiet")).toMatchObject({ code: 0 });
    const monitor = home.start("monmqtt", "shed", "--json", "--timeout", "60", "--broker", broker);
    const refresh = async (): Promise<string> => {
      await home.espx("cmd", "shed", "Refresh", "1", "--broker", broker);
      return monitor.stdout();
    };
    await expect.poll(refresh, { timeout: 20_000 }).toContain("message");
    const rates = [3, 4, 5, 6, 7];
    const heard = rates.map((rate) => monitor.event("message", ({ data }) => data["payload"] === `${rate}`));
    const deploys: Ended[] = [];
    for (const rate of rates) {
      const [deployed, sent] = await Promise.all([
        deployBlinky(home, ...(rate % 2 === 0 ? ["--check"] : []), "--json"),
        home.espx("cmd", "shed", "Rate", `${rate}`, "--broker", broker),
      ]);
      expect(sent.code, sent.stderr).toBe(0);
      deploys.push(deployed);
      await heard[rate - 3];
    }
    for (const deployed of deploys) {
      expect(deployed.code, deployed.stdout).toBe(0);
      expect(eventsOf(deployed).map((event) => event.kind)).toContain("running");
    }
  },
);
