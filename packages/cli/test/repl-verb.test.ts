import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { BusyError, LinkError, NotFoundError, type SerialLink } from "@espx/proto";
import { createWorld, type VirtualBoard, type World } from "@espx/sim";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SpoiledLink } from "../../../testsuite/cable/spoiled-link.ts";
import type { Terminal } from "../src/context.ts";
import { run, type RunResult, tempFolder } from "./_run.ts";

let world: World;
let board: VirtualBoard;

beforeEach(async () => {
  world = await createWorld({ mode: "real" });
  board = await world.addBoard({ name: "shed", files: { "/main.py": "print('one')\nprint('two', end='')\n" } });
  await board.powerOn();
});
afterEach(() => world.close());

/** A person before `espx repl`. */
class Person {
  readonly #keys = new PassThrough();
  readonly modes: boolean[] = [];
  readonly links: SpoiledLink[] = [];
  /** What opening fails with from now on, one after the other. */
  readonly failures: Error[] = [];
  readonly ended: Promise<RunResult>;
  #seen = "";

  constructor(folder: string, ...argv: string[]) {
    const input = Object.assign(this.#keys, { isTTY: true, setRawMode: (on: boolean) => this.modes.push(on) });
    const terminal: Terminal = {
      interactive: true,
      input: input as unknown as Terminal["input"],
      ask: () => Promise.resolve(""),
    };
    this.ended = run(["repl", "--port", "/dev/ttyUSB0", ...argv], {
      cwd: folder,
      env: { ESPX_STATE_DIR: folder },
      terminal,
      outside: { openPort: () => this.#open() },
      onOutput: (text) => (this.#seen += text),
    });
  }

  type(text: string): void {
    this.#keys.write(text);
  }

  sees(text: string): Promise<void> {
    return vi.waitFor(
      () => {
        if (!this.#seen.includes(text)) throw new Error(`"${text}" did not come, but: ${JSON.stringify(this.#seen)}`);
      },
      { timeout: 5_000, interval: 20 },
    );
  }

  /** Waits until keys go to the board. */
  connected(): Promise<void> {
    return vi.waitUntil(() => this.modes.length > 0, { timeout: 10_000 }).then(() => undefined);
  }

  /** Pulls the cable. */
  async pull(): Promise<void> {
    const link = this.links.at(-1);
    link?.lose(new LinkError("link/lost", "/dev/ttyUSB0 was lost: unplugged"));
    await link?.close();
  }

  async #open(): Promise<SerialLink> {
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    this.links.push(new SpoiledLink(board.openSerial()));
    return this.links.at(-1) as SpoiledLink;
  }
}

test("repl --log adds each line of the board to a file of its owner, with the time at which it began", async () => {
  await using folder = await tempFolder();
  const person = new Person(folder.path, "--log", "shed.log");
  await person.connected();
  person.type("print('a', 6 * 7)\r");
  await person.sees("a 42\r\n>>> ");
  person.type("\x1d");
  expect((await person.ended).code).toBe(0);
  const file = join(folder.path, "shed.log");
  const lines = (await readFile(file, "utf8")).split("\n");
  const time = String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z `;
  expect(lines.filter((line) => line !== "").every((line) => new RegExp(time).test(line))).toBe(true);
  expect(lines.map((line) => line.replace(new RegExp(time), ""))).toContain("a 42");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const again = new Person(folder.path, "--log", "shed.log");
  await again.connected();
  again.type("print('b')\r");
  await again.sees("b\r\n>>> ");
  again.type("\x1d");
  await again.ended;
  expect(await readFile(file, "utf8")).toMatch(/ a 42\n[^]* b\n/);
});

test("repl ends with what happened when the cable is pulled", async () => {
  await using folder = await tempFolder();
  const person = new Person(folder.path);
  await person.connected();
  await person.pull();
  const { code, stderr } = await person.ended;
  expect(code).toBe(6);
  expect(stderr).toContain("/dev/ttyUSB0 was lost: unplugged");
  expect(person.modes).toEqual([true, false]);
});

test("repl --reconnect waits for the cable, over moments in which another program looks at the port, and goes on", async () => {
  await using folder = await tempFolder();
  const person = new Person(folder.path, "--reconnect");
  await person.connected();
  person.failures.push(
    new BusyError("port/busy", "/dev/ttyUSB0 is in use by ModemManager (pid 1)"),
    new NotFoundError("port/not-found", "no port /dev/ttyUSB0"),
  );
  await person.pull();
  await vi.waitFor(() => expect(person.links).toHaveLength(2), { timeout: 5_000 });
  person.type("print(6 * 7)\r");
  await person.sees("42\r\n>>> ");
  person.type("\x1d");
  const { code, stderr } = await person.ended;
  expect([code, person.modes]).toEqual([0, [true, false]]);
  expect(stderr).toContain("/dev/ttyUSB0 was lost: unplugged; waiting for it, Ctrl-] leaves");
  expect(stderr.match(/connected to/g)).toHaveLength(2);
});

test("Ctrl-] leaves while a cable is waited for", async () => {
  await using folder = await tempFolder();
  const person = new Person(folder.path, "--reconnect");
  await person.connected();
  person.failures.push(...Array.from({ length: 1_000 }, () => new NotFoundError("port/not-found", "no port")));
  await person.pull();
  await vi.waitFor(() => expect(person.failures.length).toBeLessThan(999), { timeout: 5_000 });
  person.type("\x1d");
  const { code } = await person.ended;
  expect([code, person.modes]).toEqual([0, [true, false]]);
});
