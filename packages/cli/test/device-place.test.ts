import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { formatHex, type PortInfo, type SimBoard } from "@espx/proto";
import { createWorld, type World } from "@espx/sim";
import { afterEach, beforeEach, expect, test } from "vitest";
import { run, type RunResult, tempFolder } from "./_run.ts";

const bridge = (url: string, serialNumber: string): PortInfo => ({
  url,
  description: "CP2102N",
  known: true,
  vendorId: 0x10c4,
  productId: 0xea60,
  serialNumber,
});
const long = "3a9f00c1d2e74b5f";
const other = "77aa00c1d2e74b5f";

let world: World;
let board: SimBoard;
let id: string;

beforeEach(async () => {
  world = await createWorld({ mode: "real" });
  board = await world.addBoard({ name: "shed" });
  await board.powerOn();
  id = formatHex(board.mac);
});
afterEach(() => world.close());

interface Desk {
  readonly folder: string;
  /** What is plugged in. */
  ports: readonly PortInfo[];
  readonly opened: string[];
}

const deploy = (desk: Desk, ...argv: string[]): Promise<RunResult> =>
  run(["deploy", "./kit", ...argv], {
    cwd: desk.folder,
    env: { ESPX_STATE_DIR: join(desk.folder, "state") },
    outside: {
      listPorts: () => Promise.resolve(desk.ports),
      openPort: (url) => {
        desk.opened.push(url);
        return Promise.resolve(board.openSerial());
      },
    },
  });

const kit = (entry: string): Record<string, string> => ({
  "espx.yaml": `devices: {shed: ${entry}}\n`,
  "kit/main.py": "while True:\n    pass\n",
});

test("a device whose adapter comes back under another name is found there", async () => {
  await using folder = await tempFolder(kit(`{id: ${id}}`));
  const desk: Desk = { folder: folder.path, ports: [bridge("/dev/ttyUSB0", long)], opened: [] };
  expect((await deploy(desk, "--port", "/dev/ttyUSB0")).code).toBe(0);
  desk.ports = [bridge("/dev/ttyUSB0", other), bridge("/dev/ttyUSB3", long)];
  const again = await deploy(desk, "--device", "shed");
  expect([again.code, desk.opened], again.stderr).toEqual([0, ["/dev/ttyUSB0", "/dev/ttyUSB3"]]);
  const places = JSON.parse(await readFile(join(folder.path, "state/ports.json"), "utf8")) as Record<string, unknown>;
  expect(places[id]).toMatchObject({ url: "/dev/ttyUSB3", adapter: { serialNumber: long } });
});

test.each([
  ["that all of its kind have", "0001", ["0001"]],
  ["that two ports have", long, [long, long]],
])("an adapter with a number %s is not told apart by it", async (_, serial, after) => {
  await using folder = await tempFolder(kit(`{id: ${id}}`));
  const desk: Desk = { folder: folder.path, ports: [bridge("/dev/ttyUSB0", serial)], opened: [] };
  expect((await deploy(desk, "--port", "/dev/ttyUSB0")).code).toBe(0);
  desk.ports = after.map((number, index) => bridge(`/dev/ttyUSB${index + 5}`, number));
  await deploy(desk, "--device", "shed");
  expect(desk.opened).toEqual(["/dev/ttyUSB0", "/dev/ttyUSB0"]);
});

test("a chip that is its own USB device is found by its address, though never seen before", async () => {
  await using folder = await tempFolder(kit(`{id: ${id}, port: /dev/ttyUSB9}`));
  const serialNumber = (id.match(/../g) ?? []).join(":").toUpperCase();
  const own = { url: "/dev/ttyACM2", description: "USB JTAG/serial", known: true, vendorId: 0x303a, productId: 0x1001 };
  const desk: Desk = {
    folder: folder.path,
    ports: [bridge("/dev/ttyUSB0", long), { ...own, serialNumber }],
    opened: [],
  };
  const found = await deploy(desk, "--device", "shed");
  expect([found.code, desk.opened], found.stderr).toEqual([0, ["/dev/ttyACM2"]]);
  desk.ports = [];
  await deploy(desk, "--device", "shed");
  expect(desk.opened.at(-1)).toBe("/dev/ttyACM2");
});

test("another board at the adapter is refused, and the right port is learnt again", async () => {
  await using folder = await tempFolder(kit(`{id: ${id}}`));
  const desk: Desk = { folder: folder.path, ports: [bridge("/dev/ttyUSB0", long)], opened: [] };
  expect((await deploy(desk, "--port", "/dev/ttyUSB0")).code).toBe(0);
  desk.ports = [bridge("/dev/ttyUSB0", other), bridge("/dev/ttyUSB1", long)];
  const elsewhere = await world.addBoard({ name: "hall", mac: Uint8Array.of(2, 0, 0, 0, 0, 9) });
  await elsewhere.powerOn();
  const right = board;
  board = elsewhere;
  const refused = await deploy(desk, "--device", "shed");
  expect([refused.code, desk.opened.at(-1)]).toEqual([10, "/dev/ttyUSB1"]);
  board = right;
  expect((await deploy(desk, "--device", "shed", "--port", "/dev/ttyUSB0")).code).toBe(0);
  expect((await deploy(desk, "--device", "shed")).code).toBe(0);
  expect(desk.opened.slice(-2)).toEqual(["/dev/ttyUSB0", "/dev/ttyUSB0"]);
});
