import { commandTopic, statTopic, UsageError, type SerialLink } from "@espx/proto";
import type { BenchBoard, TestBench } from "./bench.ts";
import { readText } from "./board-files.ts";
import { Expectations } from "./expectations.ts";
import { Recorder } from "./recorder.ts";
import { timeMs, type Time } from "./time.ts";

/** What a board starts with, given before it does. */
export interface BoardSetup {
  /** Config values over the manifest's defaults; a section's key is `section.key`. */
  readonly config: Map<string, string>;
  /** `trial` has the same release in the other slot to go back to. */
  release: "confirmed" | "trial";
  readonly nvs: { readonly namespace: string; readonly key: string; readonly value: number | Uint8Array }[];
  readonly files: Map<string, string>;
}

/** A virtual board with the profile on it, and the device's name in topics. */
export interface Installed {
  readonly bench: BenchBoard;
  readonly deviceName: string;
}

interface Running extends Installed {
  readonly recorder: Recorder;
}

/** What a scenario's board is made with. */
export interface ScenarioBoardOptions {
  readonly tools: Pick<TestBench, "parseFault">;
  readonly signal: AbortSignal;
  /** Makes the board; called by `start`. */
  install(setup: BoardSetup): Promise<Installed>;
  readonly onLine: (line: string) => void;
  /** Runs lines of the scenario language on this board. */
  run(board: ScenarioBoard, text: string): Promise<void>;
}

/** Virtual time that passes before Ctrl-C is looked for again. */
const SLICE_MS = 60_000;

/**
 * One virtual board with a profile on it, in virtual time: what a scenario acts on.
 *
 * Times are milliseconds or texts such as `10 s`. A name without `/` stands for a topic of this device.
 */
export class ScenarioBoard {
  readonly expect: Expectations;
  readonly #options: ScenarioBoardOptions;
  readonly #setup: BoardSetup = { config: new Map(), release: "confirmed", nvs: [], files: new Map() };
  #installed: Running | undefined;
  #link: SerialLink | undefined;

  constructor(options: ScenarioBoardOptions) {
    this.#options = options;
    const scene = (): Running => this.#started();
    this.expect = new Expectations({
      get bench() {
        return scene().bench;
      },
      get recorder() {
        return scene().recorder;
      },
      topic: (name) => this.#topic(name, statTopic),
      advance: (ms) => this.advance(ms),
    });
  }

  get started(): boolean {
    return this.#installed !== undefined;
  }

  /** The device's name in topics. */
  get name(): string {
    return this.#started().deviceName;
  }

  /** Virtual milliseconds since the scenario began. */
  get nowMs(): number {
    return this.#installed?.bench.now() ?? 0;
  }

  /** What the console has said, since the start or since it was forgotten. */
  get console(): string {
    return this.#started().recorder.console;
  }

  /** The last lines of the console; none before the start. */
  lastLines(count = 20): readonly string[] {
    return this.#installed?.recorder.lastLines(count) ?? [];
  }

  /** What the board has published on a topic, oldest first. */
  values(name: string): readonly string[] {
    return this.#started()
      .recorder.on(this.#topic(name, statTopic))
      .map(({ text }) => text);
  }

  /** Level changes of a pin with their times. */
  levels(pin: number): readonly { readonly atMs: number; readonly value: 0 | 1 }[] {
    return this.#started().recorder.levels(pin);
  }

  /** Before the start: a value of the device's config. */
  config(key: string, value: string | number | boolean): void {
    this.#beforeStart("config").config.set(key, value === true ? "1" : value === false ? "0" : String(value));
  }

  /** Before the start: whether the release has proved itself already. */
  release(state: "confirmed" | "trial"): void {
    this.#beforeStart("release").release = state;
  }

  /** Before the start: a value in NVS, a whole number or bytes. */
  nvs(namespace: string, key: string, value: number | string | Uint8Array): void {
    const stored = typeof value === "string" ? new TextEncoder().encode(value) : value;
    this.#beforeStart("nvs").nvs.push({ namespace, key, value: stored });
  }

  /** Puts a file on the board. */
  file(path: string, content: string): void {
    if (this.#installed === undefined) this.#setup.files.set(path, content);
    else this.#installed.bench.board.flash.write(path, content);
  }

  /** The text of a file on the board. */
  read(path: string): string | undefined {
    return readText(this.#started().bench, path);
  }

  /** Installs the profile and switches the power on. */
  async start(): Promise<void> {
    this.#beforeStart("start");
    const installed = await this.#options.install(this.#setup);
    this.#installed = { ...installed, recorder: new Recorder(installed.bench, this.#options.onLine) };
    await installed.bench.board.powerOn();
  }

  /** Lets time pass. */
  async advance(time: Time): Promise<void> {
    const { bench } = this.#started();
    for (let leftMs = timeMs(time); leftMs > 0; leftMs -= SLICE_MS) {
      this.#options.signal.throwIfAborted();
      await bench.advance(Math.min(SLICE_MS, leftMs));
    }
  }

  /** Publishes a message; a name is a command of this device. */
  publish(
    name: string,
    payload: string | number,
    { retain = false, qos = 0 }: { readonly retain?: boolean; readonly qos?: 0 | 1 } = {},
  ): void {
    this.#started().recorder.publish(this.#topic(name, commandTopic), String(payload), { retain, qos });
  }

  /** Drives a pin from outside. */
  pin(pin: number, level: 0 | 1): void {
    this.#started().bench.board.setPin(pin, level);
  }

  /** Types on the console. */
  async type(text: string): Promise<void> {
    this.#link ??= this.#started().bench.board.openSerial();
    await this.#link.write(new TextEncoder().encode(text));
  }

  async power(action: "on" | "off" | "cycle"): Promise<void> {
    const { board } = this.#started().bench;
    if (action !== "on") await board.powerOff();
    if (action !== "off") await board.powerOn();
  }

  /** As the reset button does. */
  async reset(): Promise<void> {
    await this.#started().bench.board.reset();
  }

  /** Cuts the power at the `operation`-th flash operation from now; of a write that is torn, `tornBytes` remain. */
  cutPower(operation: number, tornBytes?: number): void {
    // The cut comes while time advances, if ever.
    void this.#started().bench.board.cutAt(operation, tornBytes);
  }

  /** A fault in the words of `espx sim fault`: `fault("broker", "silent")`. */
  fault(...words: readonly string[]): void {
    this.#started().bench.board.fault(this.#options.tools.parseFault(words));
  }

  /** Forgets what was seen, so that an old value does not fulfil a later expectation. */
  forget(what: "mqtt" | "console"): void {
    const { recorder } = this.#started();
    if (what === "mqtt") recorder.forgetMessages();
    else recorder.forgetConsole();
  }

  /** Runs lines of the scenario language. */
  async run(text: string): Promise<void> {
    const here = new Error("called");
    try {
      await this.#options.run(this, text);
    } catch (error) {
      // The stack of a wrong line is too deep to reach back to the script's own line.
      if (error instanceof Error) error.stack = `${error.stack}\n${here.stack}`;
      throw error;
    }
  }

  /** Takes the board down. */
  async close(): Promise<void> {
    await this.#link?.close();
    await this.#installed?.bench[Symbol.asyncDispose]();
  }

  #topic(name: string, topicOf: (device: string, name: string) => string): string {
    return name.includes("/") ? name : topicOf(this.#started().deviceName, name);
  }

  #started(): Running {
    if (this.#installed !== undefined) return this.#installed;
    throw new UsageError("cli/board-order", "the board has not been started", { hint: "await board.start() first" });
  }

  #beforeStart(what: string): BoardSetup {
    if (this.#installed === undefined) return this.#setup;
    throw new UsageError("cli/board-order", `${what} comes before the start, this board runs already`, {
      hint: `move it above board.start()`,
    });
  }
}
