import { decodeSlotRecord, encodeSlotRecord, type SlotRecord } from "@espx/proto";
import { createWorld } from "@espx/sim";
import { compiledFiles, source } from "./compiled-files.ts";

type World = Awaited<ReturnType<typeof createWorld>>;
type Board = Awaited<ReturnType<World["addBoard"]>>;
export type BoardFiles = Record<string, Uint8Array | string>;

/** Config that leaves out every wait of a start, and names the network and broker of the virtual world. */
export const quickConfig = [
  "startdelay 0",
  "netstart 0",
  "netsettle 0",
  "mqttstart 0",
  "ssid espx-sim",
  "password espx-sim",
  "mqttbroker broker",
  "mqttname D",
].join("\n");

/** One virtual board in a virtual world of its own, with all that its console has said. */
export class Device {
  readonly world: World;
  readonly board: Board;
  /** Console text since the device was made. */
  text = "";
  /** The same line by line, each with the time of its end. */
  readonly said: { readonly atMs: number; readonly line: string }[] = [];
  /** Levels of pins over time. */
  readonly pins: { readonly atMs: number; readonly pin: number; readonly value: 0 | 1 }[] = [];
  /** Causes of all boots. */
  readonly boots: string[] = [];

  constructor(world: World, board: Board) {
    this.world = world;
    this.board = board;
    board.onEvent((event) => {
      if (event.kind === "console") this.#hear(new TextDecoder().decode(event.bytes), event.atMs);
      if (event.kind === "pin") this.pins.push(event);
      if (event.kind === "boot") this.boots.push(event.cause);
    });
  }

  async powerOn(forMs = 0): Promise<this> {
    await this.board.powerOn();
    if (forMs > 0) await this.world.advance(forMs);
    return this;
  }

  async powerCycle(forMs: number): Promise<void> {
    await this.board.powerOff();
    await this.powerOn(forMs);
  }

  advance(ms: number): Promise<void> {
    return this.world.advance(ms);
  }

  /** Types on the console and lets the board act on it. */
  async type(text: string, forMs = 200): Promise<void> {
    this.#link ??= this.board.openSerial();
    await this.#link.write(new TextEncoder().encode(text));
    await this.world.advance(forMs);
  }

  /** Lines of the console, without the boot loader's. */
  lines(): string[] {
    return this.text.split(/\r?\n/);
  }

  /** Times the text stood on the console. */
  count(text: string): number {
    return this.text.split(text).length - 1;
  }

  /** When the first line that holds `text` was said, at or after `fromMs`. */
  when(text: string, fromMs = 0): number {
    const found = this.said.find(({ atMs, line }) => atMs >= fromMs && line.includes(text));
    if (found === undefined) throw new Error(`nobody said "${text}" in:\n${this.text}`);
    return found.atMs;
  }

  /** The slot record that holds. */
  record(): SlotRecord {
    const records = ["/state/slot0", "/state/slot1"].flatMap((path) => {
      const bytes = this.board.flash.read(path);
      return bytes === undefined ? [] : [decodeSlotRecord(bytes)];
    });
    return records.reduce((newest, record) => (record.count > newest.count ? record : newest));
  }

  /** The broker of the virtual world. */
  get broker(): World["net"]["broker"] {
    return this.world.net.broker;
  }

  /** What the device published on a topic. */
  publications(topic: string): World["net"]["broker"]["published"][number][] {
    return this.broker.published.filter((message) => message.topic === topic && message.from !== undefined);
  }

  /** The same as text. */
  published(topic: string): string[] {
    return this.publications(topic).map(({ text }) => text);
  }

  file(path: string): string | undefined {
    const bytes = this.board.flash.read(path);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  }

  #hear(text: string, atMs: number): void {
    this.text += text;
    const lines = (this.#partial + text).split(/\r?\n/);
    this.#partial = lines.pop() ?? "";
    for (const line of lines) this.said.push({ atMs, line });
  }

  #partial = "";
  #link: ReturnType<Board["openSerial"]> | undefined;
}

const worlds: World[] = [];

/** Closes all worlds that tests have made. */
export async function closeWorlds(): Promise<void> {
  await Promise.all(worlds.splice(0).map((world) => world.close()));
}

/** A board with these files and nothing else, not powered on. */
export async function makeBoard(files: BoardFiles, options: { readonly quietMs?: number } = {}): Promise<Device> {
  const world = await createWorld({ mode: "virtual", seed: 1, ...options });
  worlds.push(world);
  return new Device(world, await world.addBoard({ name: "board", files }));
}

/** The framework's files where a plain program finds them. */
export async function library(folder = "/lib"): Promise<BoardFiles> {
  const compiled = Object.entries(await compiledFiles()).filter(([path]) => path.startsWith("espx/"));
  return Object.fromEntries(compiled.map(([path, bytes]) => [`${folder}/${path}`, bytes]));
}

/** The launcher as a deploy places it. */
async function launcher(): Promise<BoardFiles> {
  const slots = (await compiledFiles())["safe/slots.mpy"] as Uint8Array;
  return { "/boot.py": source("boot.py"), "/main.py": source("main.py"), "/safe/slots.mpy": slots };
}

export const defaultRecord: SlotRecord = {
  count: 1,
  slot: "a",
  state: "confirmed",
  attemptsLeft: 0,
  config: null,
  previous: null,
  floor: 0,
};

/** A slot with an application and the framework. */
export async function slotFiles(
  slot: "a" | "b",
  app: string,
  components: readonly string[] = ["log", "net", "mqtt"],
): Promise<BoardFiles> {
  const release = { id: `app-0000000${slot}`, profile: "app", sequence: 0, components, keep: [] };
  return {
    ...(await library(`/${slot}/lib`)),
    [`/${slot}/main.py`]: app,
    [`/${slot}/release.json`]: JSON.stringify(release),
  };
}

export interface DeviceOptions {
  /** The application of slot a. */
  readonly app?: string;
  readonly components?: readonly string[];
  readonly config?: string;
  readonly record?: Partial<SlotRecord>;
  /** More files, or other content for those of the set. */
  readonly files?: BoardFiles;
  /** Real time without a sign of life after which the board computes without end; short for programs that do. */
  readonly quietMs?: number;
}

/** A deployed device: launcher, framework and application in slot a, config, one record. Not powered on. */
export async function makeDevice(options: DeviceOptions = {}): Promise<Device> {
  const files = {
    ...(await launcher()),
    ...(await slotFiles("a", options.app ?? "components = []\n", options.components)),
    "/config.txt": options.config ?? quickConfig,
    "/state/slot0": encodeSlotRecord({ ...defaultRecord, ...options.record }),
    ...options.files,
  };
  return makeBoard(files, options.quietMs === undefined ? {} : { quietMs: options.quietMs });
}

/** Runs a plain program with the framework in reach for `forMs` of virtual time; gives the lines it printed. */
export async function runScript(program: string, forMs: number, files: BoardFiles = {}): Promise<string[]> {
  const device = await makeBoard({ ...(await library()), "/main.py": `${program}\nprint("END")\n`, ...files });
  await device.powerOn(forMs);
  const lines = device.lines();
  const end = lines.findIndex((line) => line === "END" || line.startsWith("Traceback"));
  const start = lines.findLastIndex(
    (line, index) => index < (end < 0 ? lines.length : end) && line.startsWith("entry 0x"),
  );
  if (end >= 0 && lines[end] !== "END") throw new Error(lines.slice(end).join("\n"));
  return lines.slice(start + 1, end < 0 ? undefined : end).filter((line) => line !== "");
}
