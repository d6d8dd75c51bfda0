import type { ResetCause, SlotRecord } from "@espx/proto";
import { readRecord, readText } from "./board-files.ts";
import { pulseFault, pulseText, pulseWindowMs } from "./pulse.ts";
import type { PinLevel } from "./recorder.ts";
import { timeMs, type Time } from "./time.ts";
import { anyValue, containing, valueTest, type ValueTest } from "./value-test.ts";
import { Watch, type Scene } from "./watch.ts";

/** What a value must be: the very text, or a pattern it matches. */
export type Expected = string | number | RegExp | ValueTest;

/** How long an expectation may take to come true; none when left out. */
export interface Within {
  readonly within?: Time;
}

/** How long something must stay away. */
export interface For {
  readonly for: Time;
}

/**
 * What a scenario expects of its board; each waits in virtual time and fails with what was seen instead.
 *
 * All throw VerifyError `cli/expectation-failed`.
 */
export class Expectations {
  readonly #scene: Scene;
  readonly #watch: Watch;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#watch = new Watch(scene);
  }

  /** The last value on a topic is this, or one that comes in time is. */
  async mqtt(name: string, value?: Expected, { within }: Within = {}): Promise<void> {
    const [topic, test] = [this.#scene.topic(name), asTest(value)];
    const before = Math.max(0, this.#values(topic).length - 1);
    await this.#watch.until(within, {
      expected: `${topic} says ${test.text}`,
      holds: () =>
        this.#values(topic)
          .slice(before)
          .some((text) => test.holds(text)),
      seen: () => listed(this.#values(topic), `nothing on ${topic}`),
    });
  }

  /** No value that fits comes for so long. */
  async noMqtt(name: string, value: Expected | undefined, options: For): Promise<void> {
    const [topic, test] = [this.#scene.topic(name), asTest(value)];
    const before = this.#values(topic).length;
    await this.#watch.never(options, {
      expected: `${topic} does not say ${test.text}`,
      holds: () =>
        this.#values(topic)
          .slice(before)
          .some((text) => test.holds(text)),
      seen: () => listed(this.#values(topic).slice(before), "nothing"),
    });
  }

  /** A client of the board is connected to the broker. */
  async online({ within }: Within = {}): Promise<void> {
    const { bench } = this.#scene;
    await this.#watch.until(within, {
      expected: "the board is connected to the broker",
      holds: () => bench.clients.length > 0,
      seen: () => "no client is connected",
    });
  }

  async offline({ within }: Within = {}): Promise<void> {
    const { bench } = this.#scene;
    await this.#watch.until(within, {
      expected: "the board is not connected to the broker",
      holds: () => bench.clients.length === 0,
      seen: () => `connected as ${bench.clients.join(", ")}`,
    });
  }

  /** A pin has this level, or takes it in time. */
  async pin(pin: number, level: 0 | 1, { within }: Within = {}): Promise<void> {
    const { board } = this.#scene.bench;
    const before = this.#levels(pin).length;
    await this.#watch.until(within, {
      expected: `pin ${pin} is ${level}`,
      holds: () =>
        board.pin(pin) === level ||
        this.#levels(pin)
          .slice(before)
          .some(({ value }) => value === level),
      seen: () => `pin ${pin} is ${board.pin(pin)}, ${changes(this.#levels(pin).slice(before).length)}`,
    });
  }

  /** A pin keeps its level for so long. */
  async noPinChange(pin: number, options: For): Promise<void> {
    const before = this.#levels(pin).length;
    const late = (): readonly PinLevel[] => this.#levels(pin).slice(before);
    await this.#watch.never(options, {
      expected: `pin ${pin} does not change`,
      holds: () => late().length > 0,
      seen: () => changes(late().length),
    });
  }

  /**
   * A pin rises again and again at this distance, each time.
   *
   * @param tolerance - 0.1 for ±10 %
   */
  async pulse(
    pin: number,
    period: Time,
    options: { readonly tolerance?: number; readonly for?: Time } = {},
  ): Promise<void> {
    const { tolerance = 0.1 } = options;
    const wanted = { pin, periodMs: timeMs(period), tolerance };
    const windowMs = options.for === undefined ? pulseWindowMs(wanted) : timeMs(options.for);
    const before = this.#levels(pin).length;
    await this.#scene.advance(windowMs);
    const fault = pulseFault(this.#levels(pin).slice(before), wanted, windowMs);
    if (fault !== null) throw this.#watch.failed(pulseText(wanted), fault);
  }

  /** The console has said this since the start, or says it in time. */
  async console(text: Expected, { within }: Within = {}): Promise<void> {
    const { recorder } = this.#scene;
    const test = typeof text === "object" ? asTest(text) : containing(String(text));
    await this.#watch.until(within, {
      expected: `the console says ${test.text}`,
      holds: () => test.holds(recorder.console),
      seen: () => "the console does not say it",
    });
  }

  /** The console does not say it for so long from now. */
  async noConsole(text: Expected, options: For): Promise<void> {
    const { recorder } = this.#scene;
    const test = typeof text === "object" ? asTest(text) : containing(String(text));
    const before = recorder.lines.length;
    const fits = (): string | undefined => recorder.lines.slice(before).find((line) => test.holds(line));
    await this.#watch.never(options, {
      expected: `the console does not say ${test.text}`,
      holds: () => fits() !== undefined,
      seen: () => JSON.stringify(fits() ?? ""),
    });
  }

  /** The board has started so many times, the first power-on included. */
  async boots(count: number, { within }: Within = {}): Promise<void> {
    const { boots } = this.#scene.recorder;
    const before = boots.length;
    await this.#watch.until(within, {
      expected: `${count} boots`,
      holds: () => before <= count && boots.length >= count,
      seen: () => `${boots.length}: ${boots.map(({ cause }) => cause).join(", ")}`,
    });
  }

  /** The last start had this cause, or one in time has. */
  async boot(cause: ResetCause, { within }: Within = {}): Promise<void> {
    const { boots } = this.#scene.recorder;
    const before = Math.max(0, boots.length - 1);
    await this.#watch.until(within, {
      expected: `a boot by ${cause}`,
      holds: () => boots.slice(before).some((boot) => boot.cause === cause),
      seen: () =>
        listed(
          boots.map((boot) => boot.cause),
          "no boot",
        ),
    });
  }

  /** The board does not start again for so long. */
  async noBoot(options: For): Promise<void> {
    const { boots } = this.#scene.recorder;
    const before = boots.length;
    await this.#watch.never(options, {
      expected: "no boot",
      holds: () => boots.length > before,
      seen: () =>
        boots
          .slice(before)
          .map(({ cause }) => cause)
          .join(", "),
    });
  }

  /** The chip runs, or does not: without power, after a cut, in deep sleep. */
  async power(state: "on" | "off", { within }: Within = {}): Promise<void> {
    const { board } = this.#scene.bench;
    const running = state === "on";
    await this.#watch.until(within, {
      expected: `the chip is ${state}`,
      holds: () => board.running === running,
      seen: () => `it is ${board.running ? "on" : "off"}`,
    });
  }

  /** A file is there, and its text is as expected. */
  async file(path: string, content?: Expected, { within }: Within = {}): Promise<void> {
    const test = typeof content === "string" ? containing(content) : asTest(content);
    const text = (): string | undefined => readText(this.#scene.bench, path);
    await this.#watch.until(within, {
      expected: content === undefined ? `${path} is there` : `${path} holds ${test.text}`,
      holds: () => text() !== undefined && test.holds(text() ?? ""),
      seen: () =>
        text() === undefined ? `${path} is not there` : `it holds ${JSON.stringify((text() ?? "").slice(0, 500))}`,
    });
  }

  async noFile(path: string, { within }: Within = {}): Promise<void> {
    await this.#watch.until(within, {
      expected: `${path} is not there`,
      holds: () => readText(this.#scene.bench, path) === undefined,
      seen: () => "it is there",
    });
  }

  /** A value in NVS: a whole number, or a text in UTF-8. */
  async nvs(namespace: string, key: string, value: number | string, { within }: Within = {}): Promise<void> {
    const read = (): number | string | undefined => {
      const stored = this.#scene.bench.nvs(namespace, key);
      return stored === undefined || typeof stored === "number" ? stored : new TextDecoder().decode(stored);
    };
    await this.#watch.until(within, {
      expected: `${namespace}/${key} is ${JSON.stringify(value)} in NVS`,
      holds: () => read() === value,
      seen: () => JSON.stringify(read()) ?? "no such key",
    });
  }

  /** The slot that holds, as the slot record says. */
  async slot(slot: "a" | "b", { within }: Within = {}): Promise<void> {
    await this.#watch.until(within, {
      expected: `slot ${slot} holds`,
      holds: () => readRecord(this.#scene.bench)?.slot === slot,
      seen: () => `slot ${readRecord(this.#scene.bench)?.slot ?? "unknown"}`,
    });
  }

  /** Whether the set that holds has proved itself. */
  async state(state: SlotRecord["state"], { within }: Within = {}): Promise<void> {
    await this.#watch.until(within, {
      expected: `the set is ${state}`,
      holds: () => readRecord(this.#scene.bench)?.state === state,
      seen: () => `it is ${readRecord(this.#scene.bench)?.state ?? "unknown"}`,
    });
  }

  #values(topic: string): readonly string[] {
    return this.#scene.recorder.on(topic).map(({ text }) => text);
  }

  #levels(pin: number): readonly PinLevel[] {
    return this.#scene.recorder.levels(pin);
  }
}

const asTest = (value: Expected | undefined): ValueTest => {
  if (value === undefined) return anyValue;
  return typeof value === "object" && "holds" in value ? value : valueTest(value);
};

const listed = (values: readonly string[], none: string): string => {
  const last = values.slice(-5).map((value) => JSON.stringify(value));
  return last.length === 0
    ? none
    : `${last.join(", ")}${values.length > last.length ? ` (the last ${last.length} of ${values.length})` : ""}`;
};

const changes = (count: number): string =>
  count === 0 ? "it did not change" : count === 1 ? "it changed once" : `it changed ${count} times`;
