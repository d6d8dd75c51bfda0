import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { firmwareFile } from "../../packages/cli/test/_firmware.ts";
import { eventsOf, type Home, makeHome, type Running } from "./_espx.ts";

let home: Home;
let sim: Running;
beforeAll(async () => {
  home = await makeHome();
  await writeFile(join(home.folder, "firmware.bin"), firmwareFile("esp32"));
  sim = home.start("sim", "shed", "barn", "--blank", "--line-baud", "230400", "--json", "--broker-port", "0");
  await sim.event("board", ({ data }) => data["name"] === "barn");
}, 60_000);
afterAll(() => home[Symbol.asyncDispose]());

/** Where a board is reached by `scheme`. */
async function urlOf(name: string, scheme: string): Promise<string> {
  const { data } = await sim.event("board", (event) => event.data["name"] === name);
  return (data["urls"] as string[]).find((url) => url.startsWith(scheme)) ?? "";
}

const flash = (url: string): Running =>
  home.start("flash", "--image", "firmware.bin", "--port", url, "--baud", "230400", "--json");

/** Waits until some of the firmware was written, not all of it. */
const halfWritten = (running: Running): Promise<unknown> =>
  running.event("progress", ({ data }) => data["task"] === "writing" && Number(data["doneBytes"]) > 20_000);

test(
  "a cable that is pulled in the middle of a flash and plugged in again is gone on with",
  { timeout: 60_000 },
  async () => {
    const running = flash("sim:shed");
    await halfWritten(running);
    expect((await home.espx("sim", "fault", "shed", "serial", "lost")).code).toBe(0);
    await running.event("log", ({ data }) => String(data["text"]).includes("trying again"));
    expect((await home.espx("sim", "fault", "shed", "serial", "normal")).code).toBe(0);
    const ended = await running.ended;
    expect(ended.code, ended.stdout).toBe(0);
    const flashed = eventsOf(ended).find(({ kind }) => kind === "flashed")?.data;
    expect(flashed).toMatchObject({ resumed: 1, boot: { kind: "micropython" } });
  },
);

test(
  "Ctrl-C ends a flash over RFC 2217; the same again sends what is missing, and the board starts",
  { timeout: 60_000 },
  async () => {
    const url = await urlOf("barn", "rfc2217:");
    const interrupted = flash(url);
    await halfWritten(interrupted);
    interrupted.child.kill("SIGINT");
    expect((await interrupted.ended).code).toBe(130);
    const ended = await flash(url).ended;
    expect(ended.code, ended.stdout).toBe(0);
    const flashed = eventsOf(ended).find(({ kind }) => kind === "flashed")?.data;
    expect(flashed).toMatchObject({ resumed: 0, boot: { kind: "micropython" } });
    expect(Number(flashed?.["unchangedBytes"])).toBeGreaterThan(10_000);
  },
);

test("steps that move one line at a time lead into the loader over RFC 2217", { timeout: 60_000 }, async () => {
  const url = await urlOf("barn", "rfc2217:");
  const ended = await home.espx("chip", "--port", url, "--before", "D0|R1|W0.1|D1|R0|W0.05|D0", "--verbose");
  expect(ended.code, ended.stderr).toBe(0);
  expect(ended.stdout).toContain("ESP32-D0WD-V3");
  expect(ended.stderr).toContain("reset 1: custom");
});
