import type { ResetCause, SimEvent } from "@espx/proto";
import type { BenchBoard, BenchMessage } from "./bench.ts";

/** A level of a pin and since when. */
export interface PinLevel {
  readonly atMs: number;
  readonly value: 0 | 1;
}

/** Everything that one board has shown: console, pins, boots, and what it published. */
export class Recorder {
  /** Console text since the start, or since it was forgotten; line ends are line feeds. */
  console = "";
  /** Whole lines of the console since the start. */
  readonly lines: string[] = [];
  readonly boots: { readonly atMs: number; readonly cause: ResetCause }[] = [];
  readonly #pins = new Map<number, PinLevel[]>();
  readonly #bench: BenchBoard;
  readonly #decoder = new TextDecoder();
  readonly #onLine: (line: string) => void;
  #partial = "";
  #messages: BenchMessage[] = [];
  #read = 0;
  /** What this side published and has not yet come back as a record. */
  #own: string[] = [];

  constructor(bench: BenchBoard, onLine: (line: string) => void) {
    this.#bench = bench;
    this.#onLine = onLine;
    bench.board.onEvent((event) => this.#take(event));
  }

  /** The board's messages since the start, or since they were forgotten. */
  get messages(): readonly BenchMessage[] {
    this.#catchUp();
    return this.#messages;
  }

  /** Messages on one topic. */
  on(topic: string): readonly BenchMessage[] {
    return this.messages.filter((message) => message.topic === topic);
  }

  /** Levels of a pin, each change one entry. */
  levels(pin: number): readonly PinLevel[] {
    return this.#pins.get(pin) ?? [];
  }

  publish(topic: string, payload: string, options: { readonly retain: boolean; readonly qos: 0 | 1 }): void {
    this.#own.push(`${topic}\n${payload}`);
    this.#bench.publish(topic, payload, options);
  }

  forgetMessages(): void {
    this.#catchUp();
    this.#messages = [];
  }

  forgetConsole(): void {
    this.console = "";
  }

  /** The last lines of the console, the unfinished one too. */
  lastLines(count: number): readonly string[] {
    return [...this.lines, ...(this.#partial === "" ? [] : [this.#partial])].slice(-count);
  }

  #catchUp(): void {
    const { published } = this.#bench;
    for (; this.#read < published.length; this.#read++) {
      const message = published[this.#read] as BenchMessage;
      if (!this.#isOwn(message)) this.#messages.push(message);
    }
  }

  #isOwn({ topic, text, from }: BenchMessage): boolean {
    const index = from === undefined ? this.#own.indexOf(`${topic}\n${text}`) : -1;
    if (index >= 0) this.#own.splice(index, 1);
    return index >= 0;
  }

  #take(event: SimEvent): void {
    if (event.kind === "boot") this.boots.push({ atMs: event.atMs, cause: event.cause });
    if (event.kind === "console") this.#hear(this.#decoder.decode(event.bytes, { stream: true }));
    if (event.kind !== "pin") return;
    const levels = this.#pins.get(event.pin) ?? [];
    levels.push({ atMs: event.atMs, value: event.value });
    this.#pins.set(event.pin, levels);
  }

  #hear(text: string): void {
    const plain = text.replaceAll("\r", "");
    this.console += plain;
    const lines = (this.#partial + plain).split("\n");
    this.#partial = lines.pop() ?? "";
    for (const line of lines) {
      this.lines.push(line);
      this.#onLine(line);
    }
  }
}
