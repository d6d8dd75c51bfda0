import type { SimSession } from "@espx/proto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSimControl, createSimPorts, createWorld } from "@espx/sim";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Collector } from "../../../../testsuite/collector.ts";

let root: string;
let folder: string;
let session: SimSession;

const ctrlC = Uint8Array.of(3);

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "espx-real-"));
  folder = join(root, "run");
  session = await start();
});

afterAll(async () => {
  await session.close();
  rmSync(root, { recursive: true, force: true });
});

function start(fresh = false): Promise<SimSession> {
  const stateFolder = join(root, "state");
  const control = createSimControl({ createWorld, folder });
  return control.start({ names: ["desk"], fresh, stateFolder, brokerUrl: "mqtt://127.0.0.1:1883" });
}

function line(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\r`);
}

test("a prompt is reached, reset over the lines, and code runs", async () => {
  const link = await createSimPorts({ folder, command: "test" }).open("sim:desk");
  const console = new Collector();
  link.listen(console);
  await link.write(ctrlC);
  await console.until(({ text }) => text.includes(">>> "));
  await link.write(line("print('a', 6 * 7)"));
  await console.until(({ text }) => text.includes("a 42"));
  console.text = "";
  await link.setSignals({ dtr: false, rts: true });
  await link.setSignals({ dtr: false, rts: false });
  await console.until(({ text }) => text.includes(">>> "));
  await link.write(line("f = open('kept.txt', 'w'); f.write('yes'); f.close(); print('wr' + 'ote')"));
  await console.until(({ text }) => text.includes("wrote"));
  await link.close();
  expect(session.world.boards()[0]?.flash.read("/kept.txt")).toEqual(new TextEncoder().encode("yes"));
});

test("the flash is there when the simulator starts again, and gone with fresh", async () => {
  await session.close();
  expect(readdirSync(folder)).toEqual([]);
  session = await start();
  expect(session.world.boards()[0]?.flash.files().has("/kept.txt")).toBe(true);
  await session.close();
  session = await start(true);
  expect(session.world.boards()[0]?.flash.files().has("/kept.txt")).toBe(false);
});

test("power goes and comes from another process's point of view", async () => {
  const control = createSimControl({ createWorld, folder });
  const board = session.world.boards()[0];
  await control.power("desk", "off");
  expect(board?.running).toBe(false);
  await control.power("desk", "on");
  expect(board?.running).toBe(true);
});

test("BOOT held and power cycled bring the loader, let go and cycled again the program", async () => {
  const control = createSimControl({ createWorld, folder });
  const link = await createSimPorts({ folder, command: "test" }).open("sim:desk");
  const console = new Collector();
  link.listen(console);
  await control.pin("desk", 0, 0);
  await control.power("desk", "cycle");
  await console.until(({ text }) => text.includes("waiting for download"));
  expect(session.world.boards()[0]?.running).toBe(false);
  await control.pin("desk", 0, 1);
  await control.power("desk", "cycle");
  await console.until(({ text }) => text.includes(">>> "));
  expect(session.world.boards()[0]?.running).toBe(true);
  await link.close();
});

test("a new board can have another chip, and that can be blank", async () => {
  const control = createSimControl({ createWorld, folder });
  const options = { names: ["bare"], fresh: true, stateFolder: undefined, brokerUrl: "mqtt://127.0.0.1:1883" };
  const heard = new Collector();
  const onConsole = (_name: string, bytes: Uint8Array): void => heard.chunk(bytes);
  const bare = await control.start({ ...options, chip: "esp32c3", blank: true, onConsole });
  await heard.until(({ text }) => text.includes("invalid header: 0xffffffff"));
  expect(heard.text).toContain("ESP-ROM:esp32c3");
  await bare.close();
});
