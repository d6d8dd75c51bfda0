import { LinkError, type PortInfo } from "@espx/proto";
import { expect, test } from "vitest";
import { run, type RunResult, tempFolder } from "./_run.ts";

const ports: readonly PortInfo[] = [
  { url: "/dev/ttyS0", description: "serial port", known: false },
  {
    url: "/dev/ttyUSB0",
    description: "CP2102",
    known: true,
    vendorId: 0x10c4,
    productId: 0xea60,
    serialNumber: "0001",
  },
  {
    url: "/dev/ttyUSB1",
    description: "CP2102",
    known: true,
    vendorId: 0x10c4,
    productId: 0xea60,
    serialNumber: "0002",
  },
  { url: "/dev/ttyUSB2", description: "CH340", known: true, vendorId: 0x1a86, productId: 0x7523 },
  { url: "/dev/ttyACM0", description: "Arduino", known: false, vendorId: 0x2341, productId: 0x0043, serialNumber: "9" },
];

interface Tried {
  readonly result: RunResult;
  /** Every port that was opened. */
  readonly opened: readonly string[];
  readonly asked: readonly string[];
}

/** Runs `espx exec` where these ports are, none of which answers. */
async function exec(
  flags: readonly string[],
  options: { readonly ports?: readonly PortInfo[]; readonly answers?: readonly string[]; readonly state?: string } = {},
): Promise<Tried> {
  const opened: string[] = [];
  const asked: string[] = [];
  const answers = [...(options.answers ?? [])];
  const result = await run(["exec", "print(1)", ...flags], {
    ...(options.state === undefined ? {} : { cwd: options.state }),
    env: { ESPX_STATE_DIR: options.state ?? "/nowhere" },
    outside: {
      listPorts: () => Promise.resolve(options.ports ?? ports),
      openPort: (url) => {
        opened.push(url);
        return Promise.reject(new LinkError("port/unreachable", "nobody is there"));
      },
    },
    terminal: {
      interactive: options.answers !== undefined,
      input: process.stdin,
      ask: (question) => {
        asked.push(question);
        return Promise.resolve(answers.shift() ?? "");
      },
    },
  });
  return { result, opened, asked };
}

test("a port that is named is opened, whatever else is there", async () => {
  expect((await exec(["--port", "/dev/ttyS0"])).opened).toEqual(["/dev/ttyS0"]);
});

test("the only port with a known adapter is opened without a question", async () => {
  expect((await exec([], { ports: ports.slice(0, 2) })).opened).toEqual(["/dev/ttyUSB0"]);
});

test("a port without a known adapter is never opened by itself, not even alone", async () => {
  const { opened, result } = await exec([], { ports: ports.slice(0, 1) });
  expect([opened, result.code]).toEqual([[], 4]);
  expect(result.stderr).toContain("no port with a board is there");
});

test("of several none is opened where nobody can be asked: exit 4 with the list", async () => {
  const { opened, result } = await exec([]);
  expect([opened, result.code]).toEqual([[], 4]);
  expect(result.stderr).toBe(
    "espx exec: 3 ports may have the board\n  do this: name one with --port: /dev/ttyUSB0, /dev/ttyUSB1, /dev/ttyUSB2\n  (cli/port-not-found)\n",
  );
});

test.each([
  ["its number", ["2"]],
  ["its name", ["/dev/ttyUSB1"]],
  ["its number, after a wrong one", ["7", "2"]],
])("on a terminal a person chooses by %s", async (_, answers) => {
  const { opened, asked, result } = await exec([], { answers });
  expect(opened).toEqual(["/dev/ttyUSB1"]);
  expect(asked).toEqual(answers.map(() => "which one? [1-3] "));
  expect(result.stderr).toContain("  2  /dev/ttyUSB1  CP2102\n");
});

test("no answer opens nothing", async () => {
  const { opened, result } = await exec([], { answers: [""] });
  expect([opened, result.code]).toEqual([[], 4]);
});

const filters: readonly (readonly [readonly string[], string])[] = [
  [["serial=0002"], "/dev/ttyUSB1"],
  [["vid=0x1a86"], "/dev/ttyUSB2"],
  [["vid=0x10c4", "serial=0001"], "/dev/ttyUSB0"],
  [["vid=4292 pid=60000, serial=0001"], "/dev/ttyUSB0"],
  [["name=ACM"], "/dev/ttyACM0"],
];
test.each(filters)("--filter %s leaves one port", async (texts, url) => {
  const { opened } = await exec(texts.flatMap((text) => ["--filter", text]));
  expect(opened).toEqual([url]);
});

test("a filter that leaves several asks too", async () => {
  const { result } = await exec(["--filter", "vid=0x10c4"]);
  expect([result.code, result.stderr]).toEqual([4, expect.stringContaining("2 ports may have the board")]);
});

test("a filter that leaves none says so, with what there is", async () => {
  const { result, opened } = await exec(["--filter", "vid=1"]);
  expect([opened, result.code]).toEqual([[], 4]);
  expect(result.stderr).toContain("no port fits --filter vid=1");
});

test.each(["vid", "vid=", "vid=zz", "pid=0x12345", "color=red"])("--filter %s is refused", async (text) => {
  const { result, opened } = await exec(["--filter", text]);
  expect([opened, result.code]).toEqual([[], 2]);
  expect(result.stderr).toContain("--filter takes vid=, pid=, serial= or name= with a value");
});

test("a device is opened where it was last seen", async () => {
  await using folder = await tempFolder({
    "espx.yaml": "devices: {kitchen: {id: 240ac4000001, port: /dev/ttyUSB2}}\n",
    "ports.json": '{"240ac4000001": "/dev/ttyUSB1"}',
  });
  expect((await exec(["--device", "kitchen"], { state: folder.path })).opened).toEqual(["/dev/ttyUSB1"]);
});
