import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventsOf, makeHome, startSim } from "./_espx.ts";

const kit = {
  "kit/main.py": "import helper\nwhile True:\n    helper.say()\n",
  "kit/helper.py": "import time\n\n\ndef say():\n    print('kit: one')\n    time.sleep(0.1)\n",
};
const shed = ["--port", "sim:shed"] as const;

test(
  "a watched folder is on the board soon after a save; Ctrl-C leaves the program running and the port free",
  { timeout: 90_000 },
  async () => {
    await using home = await makeHome();
    await startSim(home, "shed");
    await home.write(kit);
    const watch = home.start("deploy", "./kit", ...shed, "--watch", "--json");
    const says = (text: string): Promise<unknown> =>
      watch.event("output", ({ data }) => String(data["text"]).includes(text));
    await watch.event("watching");
    await says("kit: one");
    await writeFile(join(home.folder, "kit/helper.py"), kit["kit/helper.py"].replace("one", "two"));
    const { data } = await watch.event("saved");
    expect(data).toMatchObject({ paths: ["/helper.py"] });
    await says("kit: two");
    watch.child.kill("SIGINT");
    const ended = await watch.ended;
    expect(ended).toMatchObject({ code: 130, stderr: "" });
    const after = await home.espx("deploy", "./kit", ...shed, "--check", "--verbose");
    expect(after.code, after.stderr).toBe(0);
    expect(after.stderr).toContain("the program was stopped for it");
  },
);

test("two at one board: the second is told who has the port", { timeout: 60_000 }, async () => {
  await using home = await makeHome();
  await startSim(home, "shed");
  await home.write(kit);
  const watch = home.start("deploy", "./kit", ...shed, "--watch", "--json");
  await watch.event("watching");
  const second = await home.espx("deploy", "./kit", ...shed);
  expect(second.code, second.stderr).toBe(5);
  watch.child.kill("SIGTERM");
  expect((await watch.ended).code).toBe(143);
});

test(
  "all devices at once: those that are there are done, the one that is not is told, exit 9",
  { timeout: 120_000 },
  async () => {
    await using home = await makeHome();
    await startSim(home, "shed", "hall", "attic");
    const entry = (name: string): string => `  ${name}: {port: "sim:${name}", profile: blinky, config: {ssid: (none)}}`;
    const names = ["shed", "hall", "attic", "nowhere"];
    await home.write({ "espx.yaml": `devices:\n${names.map(entry).join("\n")}\n` });
    const deployed = await home.espx("deploy", "--all", "--json");
    expect(deployed.code, deployed.stdout).toBe(9);
    const events = eventsOf(deployed);
    const confirmed = events.filter(({ kind, data }) => kind === "deployed" && data["state"] === "confirmed");
    expect(confirmed.map(({ device }) => String(device)).toSorted()).toEqual(["attic", "hall", "shed"]);
    expect(events.find(({ kind }) => kind === "failed")).toMatchObject({ device: "nowhere", code: "port/not-found" });
    const again = await home.espx("deploy", "--all", "--check", "--json");
    const unchanged = eventsOf(again).filter(({ kind }) => kind === "running");
    expect(unchanged.map(({ device }) => String(device)).toSorted(), again.stdout).toEqual(["attic", "hall", "shed"]);
  },
);
