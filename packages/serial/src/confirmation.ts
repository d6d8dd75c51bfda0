import { DeviceError, isEspxError, LinkError } from "@espx/proto";
import type { Clock, RunningState, SerialLink, SlotRecord } from "@espx/proto";
import { LinkReader } from "./link-reader.ts";
import { parseRunningAnswer, runningQuery } from "./running-state.ts";
import type { RunningAnswer } from "./running-state.ts";
import { ascii, write } from "./wire.ts";

const QUERY_EVERY_MS = 500;
const SAID_LINES = 40;
/** What the ROM says at every start, and would crowd out what the program said. */
const romLine = /^(ets [A-Z][a-z]{2} |rst:0x|configsip: |clk_drv:|mode:[A-Z]+, clock|load:0x|entry 0x)/;
/** So many queries echoed by a prompt mean that nothing runs. */
const ECHOES = 4;

/** A program that hangs says nothing itself; that its watchdog had to help is all there is to tell. */
const watchdogLine = /rst:0x[0-9a-f]{1,2} \((\w*WDT\w*)\)/;

const bootLoaderLine =
  /^(?:ets [A-Z]|ESP-ROM:|Build:|rst:0x|configsip:|clk_drv:|mode:|load:0x|entry 0x|SPIWP:|Saved PC:)/;

export interface ConfirmationOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** The record that was written, or null when it was left as it was. */
  readonly expected: SlotRecord | null;
  /** Gets what the board prints, without the answers to the queries. */
  readonly onConsole?: ((text: string) => void) | undefined;
  /** After so long without any answer {@link Confirmation.wait} gives up listening and answers null. */
  readonly silenceMs: number;
}

/** Waits on the console of a starting board until what it runs has proved itself. */
export class Confirmation {
  readonly #link: SerialLink;
  readonly #clock: Clock;
  readonly #options: ConfirmationOptions;
  readonly #said: string[] = [];
  #line = "";
  #echoes = 0;
  #wentBack = false;
  #started = false;
  #last: RunningAnswer | undefined;

  constructor(link: SerialLink, clock: Clock, options: ConfirmationOptions) {
    this.#link = link;
    this.#clock = clock;
    this.#options = options;
  }

  /** What the board printed lately. */
  get said(): string {
    return this.#said.join("\n");
  }

  /**
   * @returns null for a program that runs and never answers, which a plain MicroPython program does
   * @throws DeviceError `deploy/fell-back`, `deploy/nothing-runs`; LinkError `deploy/not-confirmed`, `link/lost`
   */
  async wait(): Promise<RunningState | null> {
    const startMs = this.#clock.now();
    const endMs = startMs + this.#options.timeoutMs;
    const silentMs = startMs + this.#options.silenceMs;
    let reader = new LinkReader(this.#link, this.#clock);
    try {
      while (this.#clock.now() < endMs) {
        try {
          const state = await this.#ask(reader, endMs);
          if (state !== null) return state;
        } catch (error) {
          if (!isEspxError(error, "link/lost")) throw error;
          reader.release();
          // A board with native USB takes its port away when it resets.
          await this.#link.reopen();
          reader = new LinkReader(this.#link, this.#clock);
        }
        if (this.#last === undefined && this.#clock.now() >= silentMs) return null;
      }
    } finally {
      reader.release();
    }
    throw this.#notConfirmed();
  }

  /** Sends one query and listens until the next is due. */
  async #ask(reader: LinkReader, endMs: number): Promise<RunningState | null> {
    const limit = { untilMs: Math.min(endMs, this.#clock.now() + QUERY_EVERY_MS), signal: this.#options.signal };
    await write({ link: this.#link, clock: this.#clock, reader }, ascii(runningQuery), { ...limit, untilMs: endMs });
    while (await reader.more(0, limit)) {
      for (const line of this.#lines(reader.drop())) {
        const state = this.#judge(line);
        if (state !== null) return state;
      }
    }
    if (this.#echoes >= ECHOES) throw this.#nothingRuns();
    return null;
  }

  #lines(bytes: Uint8Array): readonly string[] {
    const lines = (this.#line + new TextDecoder().decode(bytes)).split(/\r\n|\n|\r/);
    this.#line = (lines.pop() as string).slice(-4096);
    return lines;
  }

  #judge(line: string): RunningState | null {
    if (line.includes("#espx? 1")) {
      if (line.startsWith(">>> ")) this.#echoes++;
      return null;
    }
    const answer = parseRunningAnswer(line);
    if (answer === null) {
      this.#hear(line);
      return null;
    }
    this.#last = answer;
    this.#echoes = 0;
    const { expected } = this.#options;
    const moved = expected !== null && (answer.slot !== expected.slot || differs(answer.config, expected.config));
    if (moved || (this.#wentBack && answer.state !== "trial")) throw this.#fellBack(answer);
    const { config: _, ...state } = answer;
    return answer.state === "trial" ? null : state;
  }

  #hear(line: string): void {
    const watchdog = watchdogLine.exec(line)?.[1];
    if (watchdog !== undefined) return this.#hear(`the watchdog reset the board (${watchdog})`);
    if (line.trim() === "" || line === ">>> " || romLine.test(line)) return;
    // What the boot loader says after our own reset may begin in the middle of a line.
    if (line.startsWith("entry 0x") && !this.#started) this.#said.length = 0;
    this.#started ||= line.startsWith("entry 0x");
    if (bootLoaderLine.test(line)) return;
    // From there on it is the old set that speaks.
    if (!this.#wentBack) this.#said.push(line);
    if (this.#said.length > SAID_LINES) this.#said.shift();
    if (this.#options.expected?.state === "trial" && /^espx: .*going back to slot/.test(line)) this.#wentBack = true;
    this.#options.onConsole?.(line);
  }

  #fellBack(answer: RunningAnswer): DeviceError {
    const message = `the new set failed its trial; the board runs ${answer.release || "the old one"} in slot ${answer.slot} again`;
    return new DeviceError("deploy/fell-back", this.#withConsole(message), {
      hint: "what the board printed says why; mend that and deploy again",
      details: { running: answer, console: this.said },
    });
  }

  #nothingRuns(): DeviceError {
    return new DeviceError(
      "deploy/nothing-runs",
      this.#withConsole("the new set has ended, the board is at its prompt"),
      {
        hint: this.said.includes("espx: the program has ended")
          ? "a program goes on for as long as the board has power: give main.py components, or a loop of its own"
          : "what the board printed says why; `espx repl` shows the prompt",
        details: { console: this.said },
      },
    );
  }

  #notConfirmed(): LinkError {
    const seconds = Math.round(this.#options.timeoutMs / 1000);
    const waiting = this.#last?.waitingFor ?? [];
    const why =
      this.#last === undefined ? "the board never answered" : `it still waits for ${waiting.join(", ") || "its proof"}`;
    return new LinkError("deploy/not-confirmed", this.#withConsole(`not confirmed after ${seconds} s: ${why}`), {
      hint: "the set stays on trial and may still be confirmed; is the network, is the broker there? --no-wait does not wait",
      details: { waitingFor: waiting, running: this.#last ?? null, console: this.said },
    });
  }

  #withConsole(message: string): string {
    return this.said === "" ? message : `${message}; it printed:\n${this.#said.slice(-12).join("\n")}`;
  }
}

function differs(answered: string | null | undefined, expected: string | null): boolean {
  if (answered === undefined) return false;
  return answered === null || expected === null ? answered !== expected : !expected.startsWith(answered);
}
