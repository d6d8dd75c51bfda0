import { LinkError } from "@espx/proto";
import { hardReset } from "./flash/reset-sequences.ts";
import { printable } from "./printable.ts";
import { ascii, skipPast, write } from "./wire.ts";
import type { Wire } from "./wire.ts";

/** Ways into the raw REPL, mildest first. */
export const enterSteps = ["interrupt", "interrupt-again", "leave-and-interrupt", "hard-reset"] as const;
export type EnterStep = (typeof enterSteps)[number];

/** How a board was brought to the raw REPL. */
export interface Entered {
  readonly step: EnterStep;
  /** Whether a program was stopped for it. */
  readonly interrupted: boolean;
  /** What the board said meanwhile, as text. */
  readonly said: string;
}

export interface EnterOptions {
  /** For all steps together. */
  readonly timeoutMs?: number;
  /** Whether a board that cannot be interrupted may be reset; true unless told otherwise. */
  readonly mayReset?: boolean;
  readonly signal?: AbortSignal | undefined;
}

const TIMEOUT_MS = 12_000;
const SILENCE_MS = 1_200;
const SETTLE_MS = 150;
/** What the raw REPL says when it is entered. */
export const rawBanner = ascii("raw REPL; CTRL-B to exit\r\n>");
const prompt = ascii(">>> ");

/**
 * Brings a board to the raw REPL, with the mildest step that works.
 *
 * @throws LinkError `serial/no-reply` when nothing ever came, `serial/not-micropython` with what came, `link/lost`
 * @source MicroPython shared/runtime/pyexec.c
 */
export async function enterRawRepl(wire: Wire, options: EnterOptions = {}): Promise<Entered> {
  const { clock, reader } = wire;
  const endMs = clock.now() + (options.timeoutMs ?? TIMEOUT_MS);
  let wasReset = false;
  for (const step of enterSteps) {
    if (clock.now() >= endMs) break;
    if (step === "hard-reset" && !(wasReset = await pulseReset(wire, options))) break;
    const attempt = { ...wire, endMs, signal: options.signal };
    if (!(await attempts[step](attempt))) continue;
    if (step !== "interrupt") await settle(attempt);
    const said = reader.history;
    return { step, interrupted: step === "hard-reset" || !wasIdle(said), said: printable(said) };
  }
  throw reader.history.length === 0 ? noReply(wire, wasReset) : notMicroPython(wire, wasReset);
}

interface Attempt extends Wire {
  readonly endMs: number;
  readonly signal: AbortSignal | undefined;
}

const attempts: Readonly<Record<EnterStep, (attempt: Attempt) => Promise<boolean>>> = {
  interrupt: async (attempt) => {
    await send(attempt, "\r\x03");
    await find(attempt, prompt, 400);
    return enter(attempt, 2_000);
  },
  "interrupt-again": async (attempt) => {
    for (let i = 0; i < 2; i++) {
      await send(attempt, "\x03");
      await find(attempt, prompt, 150);
    }
    return enter(attempt, 1_500);
  },
  "leave-and-interrupt": async (attempt) => {
    await send(attempt, "\x02\r\x03");
    await find(attempt, prompt, 600);
    return enter(attempt, 1_500);
  },
  "hard-reset": async (attempt) => {
    for (let i = 0; i < 50; i++) {
      await send(attempt, "\x03");
      if (await find(attempt, prompt, 100)) break;
    }
    return enter(attempt, 1_500);
  },
};

async function enter(attempt: Attempt, waitMs: number): Promise<boolean> {
  attempt.reader.drop();
  await send(attempt, "\r\x01");
  return find(attempt, rawBanner, waitMs);
}

function send(attempt: Attempt, text: string): Promise<void> {
  return write(attempt, ascii(text), { untilMs: attempt.endMs, signal: attempt.signal });
}

/** Waits until `pattern` came and takes everything up to its end; gives up early on a board that never said a thing. */
function find(attempt: Attempt, pattern: Uint8Array, waitMs: number): Promise<boolean> {
  const { reader, clock, endMs, signal } = attempt;
  const wait = reader.receivedBytes === 0 ? Math.min(waitMs, SILENCE_MS) : waitMs;
  return skipPast(attempt, pattern, { untilMs: Math.min(endMs, clock.now() + wait), signal });
}

/** A slow board still answers what earlier steps sent; that must not be taken for answers to what comes next. */
async function settle({ reader, clock, signal }: Attempt): Promise<void> {
  do {
    reader.drop();
  } while (await reader.more(0, { untilMs: clock.now() + SETTLE_MS, signal }));
}

/** Resets the board through RTS with the boot pin high; answers whether that could be done. */
async function pulseReset({ link, clock }: Wire, { mayReset = true, signal }: EnterOptions): Promise<boolean> {
  return mayReset && (await hardReset(link, clock, signal));
}

/** A board at its prompt, or in the raw REPL already, answers with prompts and nothing else. */
function wasIdle(said: Uint8Array): boolean {
  return /^(?:\s|>>> )*raw REPL; CTRL-B to exit\s*>?$/.test(new TextDecoder().decode(said));
}

/** What a person can do where the port's modem lines did nothing, or may not. */
const byHand = "espx has not reset the board through this port: press its reset button and try again";

function noReply({ link }: Wire, wasReset: boolean): LinkError {
  const check =
    "check the cable (some only charge), the port, and that the board has power; `espx ports` lists the ports";
  return new LinkError(
    "serial/no-reply",
    `nothing answers on ${link.url}${wasReset ? ", not even after a reset" : ""}`,
    {
      hint: wasReset ? check : `${check}; ${byHand}`,
    },
  );
}

function notMicroPython({ link, reader }: Wire, wasReset: boolean): LinkError {
  const said = printable(reader.history);
  const hint = hintFor(said, link.url);
  return new LinkError("serial/not-micropython", `${link.url} does not answer as MicroPython does; it sent:\n${said}`, {
    hint: wasReset ? hint : `${hint}; ${byHand}`,
    details: { received: said },
  });
}

function hintFor(said: string, url: string): string {
  if (/waiting for download/.test(said)) return "the chip waits for a download: release its BOOT button and reset it";
  if (/invalid header: 0xffffffff/.test(said)) return "the chip is blank: flash MicroPython on it first";
  const starts = said.match(/\brst:0x/g)?.length ?? 0;
  if (starts > 1)
    return "the board starts again and again: is its power weak, or its program broken? What it printed says why";
  if (starts === 1 && said.includes("entry 0x")) {
    return `its program takes no Ctrl-C, not even right after a start; espx partitions erase vfs --port ${url} removes it with all files of the board`;
  }
  return "is MicroPython on the board, and is the speed 115200? Another program on the port steals bytes, too";
}
