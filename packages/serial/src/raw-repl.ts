import { isEspxError, LinkError, ProtocolError, UsageError } from "@espx/proto";
import type { Clock, SerialLink } from "@espx/proto";
import { LinkReader } from "./link-reader.ts";
import type { Limit } from "./link-reader.ts";
import { printable } from "./printable.ts";
import { enterRawRepl, rawBanner } from "./raw-enter.ts";
import type { Entered, EnterOptions } from "./raw-enter.ts";
import { paste, requestPaste, sendPlain } from "./raw-paste.ts";
import { RebootWatch } from "./reboot-watch.ts";
import { remoteError } from "./remote-failure.ts";
import { ascii, skipPast, takeBytes, timedOut, write } from "./wire.ts";
import type { Wire } from "./wire.ts";

export interface ExecOptions {
  /** Gets what the code prints as it comes; without it everything is returned at the end. */
  readonly onOutput?: (bytes: Uint8Array) => void;
  /** For sending and running together; Infinity for none. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

const EXEC_TIMEOUT_MS = 30_000;
const END = 0x04;
/** How long code that has said its last word may take to end; a line that lost that end is not waited for any longer. */
const CONVERSED_MS = 5_000;
/** How long a board may take to read the few lines that reset it, and then to say that they raised. */
const RESET_TAKEN_MS = 5_000;
const RESET_MS = 500;
/** A program's own `boot.py` may connect to a network first. */
const SOFT_RESET_MS = 20_000;
const LEAVE_MS = 1_000;
/** How a reset looks from here: its boot text, a broken frame, or silence. */
const resetShows = ["serial/rebooted", "serial/bad-framing", "serial/timeout"];

/**
 * MicroPython's raw REPL over a link: runs code, returns what it prints, throws what it raises.
 *
 * While it is open it reads everything the link delivers; {@link close} gives the link back.
 */
export class RawRepl {
  readonly #wire: Wire;
  #raw = false;
  #paste: "unknown" | "old" = "unknown";

  constructor(link: SerialLink, clock: Clock) {
    this.#wire = { link, clock, reader: new LinkReader(link, clock) };
  }

  get reader(): LinkReader {
    return this.#wire.reader;
  }

  /** Whether the board is in the raw REPL, as far as can be told from here. */
  get entered(): boolean {
    return this.#raw;
  }

  /** Interrupts what runs and enters the raw REPL; see {@link enterRawRepl} for the steps and errors. */
  async enter(options: EnterOptions = {}): Promise<Entered> {
    this.#raw = false;
    this.reader.drop();
    this.reader.forget();
    const entered = await enterRawRepl(this.#wire, options);
    this.#raw = true;
    return entered;
  }

  /**
   * Runs `code` and waits for its end.
   *
   * @returns what it printed, unless `onOutput` takes that
   * @throws DeviceError `device/exception`, `device/full`; LinkError `serial/timeout`, `serial/rebooted`, `link/lost`;
   *   ProtocolError `serial/bad-framing`; UsageError `serial/control-character`; CanceledError `serial/canceled`
   */
  async exec(code: string, options: ExecOptions = {}): Promise<string> {
    const source = encodeCode(code);
    const { clock, reader } = this.#wire;
    const limit = { untilMs: clock.now() + (options.timeoutMs ?? EXEC_TIMEOUT_MS), signal: options.signal };
    const stray = reader.drop();
    try {
      if (new RebootWatch().feed(stray)) throw rebooted(reader);
      reader.forget();
      await this.#send(source, limit);
      return await this.#follow(limit, options.onOutput);
    } catch (error) {
      throw await this.#afterFailure(error);
    }
  }

  /**
   * Runs code that talks back: `talk` has the wire to itself until it returns, which is when the code has ended or is about to.
   *
   * @throws what {@link exec} throws, and what `talk` throws
   */
  async converse<T>(code: string, talk: (wire: Wire) => Promise<T>, options: ExecOptions = {}): Promise<T> {
    const source = encodeCode(code);
    const { clock, reader } = this.#wire;
    const limit = (): Limit => ({
      untilMs: clock.now() + (options.timeoutMs ?? EXEC_TIMEOUT_MS),
      signal: options.signal,
    });
    reader.drop();
    reader.forget();
    try {
      await this.#send(source, limit());
      const result = await talk(this.#wire);
      await this.#follow({ untilMs: clock.now() + CONVERSED_MS, signal: options.signal }, undefined);
      return result;
    } catch (error) {
      throw await this.#afterFailure(error);
    }
  }

  /**
   * Starts the interpreter anew with an empty heap; `boot.py` runs, `main.py` does not.
   *
   * @throws LinkError `serial/timeout`, `link/lost`; CanceledError `serial/canceled`
   */
  async softReset(signal?: AbortSignal): Promise<void> {
    const limit = { untilMs: this.#wire.clock.now() + SOFT_RESET_MS, signal };
    this.reader.drop();
    this.#raw = false;
    await write(this.#wire, ascii("\x04"), limit);
    if (!(await skipPast(this.#wire, ascii("MPY: soft reboot\r\n"), limit))) throw timedOut();
    if (!(await skipPast(this.#wire, rawBanner, limit))) throw timedOut();
    this.#raw = true;
  }

  /**
   * Runs code that resets the board, and waits only as long as an exception would take.
   *
   * With native USB the port goes away with the board: it is opened again without a wait.
   * @throws DeviceError `device/exception`; CanceledError `serial/canceled`; LinkError `serial/timeout` when the board does not take the
   *   code, or when the port does not come back
   */
  async execReset(code: string, signal?: AbortSignal): Promise<void> {
    const { clock, link } = this.#wire;
    const isUsb = link.traits.kind === "usb-jtag" || link.traits.kind === "cdc";
    let taken = false;
    this.reader.drop();
    try {
      await this.#send(encodeCode(code), { untilMs: clock.now() + RESET_TAKEN_MS, signal });
      taken = true;
      await (isUsb ? link.reopen() : this.#follow({ untilMs: clock.now() + RESET_MS, signal }, undefined));
    } catch (error) {
      // Silence is no failure after that, and a Ctrl-C would stop the program that starts now.
      const shown = taken ? resetShows : resetShows.filter((code) => code !== "serial/timeout");
      if (!shown.some((code) => isEspxError(error, code))) throw error;
    } finally {
      this.#raw = false;
    }
  }

  /** Sends Ctrl-C to the code that runs. */
  interrupt(): Promise<void> {
    return write(this.#wire, ascii("\x03"), { untilMs: this.#wire.clock.now() + LEAVE_MS });
  }

  /** Back to the friendly REPL, whatever state a broken-off exec left; answers whether its prompt was seen. */
  async leave(signal?: AbortSignal): Promise<boolean> {
    const limit = { untilMs: this.#wire.clock.now() + LEAVE_MS, signal };
    this.#raw = false;
    this.reader.drop();
    await write(this.#wire, ascii("\r\x03\x02"), limit);
    return skipPast(this.#wire, ascii(">>> "), limit);
  }

  /** Stops listening; the link stays open. */
  close(): void {
    this.#raw = false;
    this.reader.release();
  }

  async #send(source: Uint8Array, limit: Limit): Promise<void> {
    const answer = this.#paste === "old" ? "old" : await requestPaste(this.#wire, limit);
    if (answer === "old") this.#paste = "old";
    if (answer === "yes") await paste(this.#wire, source, limit);
    else await sendPlain(this.#wire, source, limit);
  }

  /** Reads `stdout 0x04 stderr 0x04 >`. */
  async #follow(limit: Limit, onOutput: ExecOptions["onOutput"]): Promise<string> {
    const output: Uint8Array[] = [];
    await this.#readPart(limit, onOutput ?? ((bytes) => output.push(bytes)));
    const errors: Uint8Array[] = [];
    await this.#readPart(limit, (bytes) => errors.push(bytes));
    const [prompt] = await takeBytes(this.#wire, 1, limit);
    if (prompt !== 0x3e) {
      const got = printable(Uint8Array.of(prompt as number));
      throw new ProtocolError("serial/bad-framing", `expected the raw REPL's ">", the board sent "${got}"`);
    }
    const failure = decode(errors);
    if (failure !== "") throw remoteError(failure);
    return decode(output);
  }

  async #readPart(limit: Limit, deliver: (bytes: Uint8Array) => unknown): Promise<void> {
    const { reader } = this.#wire;
    const reboots = new RebootWatch();
    for (;;) {
      if (reader.queue.length === 0 && !(await reader.more(0, limit))) throw timedOut();
      const at = reader.queue.peek().indexOf(END);
      const bytes = reader.queue.take(at < 0 ? reader.queue.length : at);
      if (bytes.length > 0) deliver(bytes);
      if (reboots.feed(bytes)) throw rebooted(reader);
      if (at < 0) continue;
      reader.queue.take(1);
      return;
    }
  }

  /** Decides what broke: a board that started anew shows as garbage or as silence first. */
  async #afterFailure(error: unknown): Promise<unknown> {
    if (isEspxError(error, "device/exception") || isEspxError(error, "device/full")) return error;
    this.#raw = false;
    if (isEspxError(error, "serial/bad-framing") || isEspxError(error, "serial/timeout")) {
      const { reader, clock } = this.#wire;
      await clock.sleep(50);
      if (new RebootWatch().feed(reader.history)) return rebooted(reader);
    }
    if (isEspxError(error, "serial/canceled") || isEspxError(error, "serial/timeout")) {
      await this.interrupt().catch(() => {});
    }
    return error;
  }
}

function rebooted(reader: LinkReader): LinkError {
  const said = printable(reader.history);
  return new LinkError("serial/rebooted", "the board started anew in the middle of the work", {
    hint: "a watchdog of its program, or weak power? Try again; what runs on the board is as it was",
    details: { received: said },
  });
}

/** @throws UsageError `serial/control-character` for the bytes 0x01 to 0x05, which the raw REPL takes as commands */
function encodeCode(code: string): Uint8Array {
  const bytes = new TextEncoder().encode(code);
  const at = bytes.findIndex((byte) => byte >= 1 && byte <= 5);
  if (at < 0) return bytes;
  const shown = `0x${(bytes[at] as number).toString(16).padStart(2, "0")}`;
  throw new UsageError("serial/control-character", `the code holds the control character ${shown} at byte ${at}`, {
    hint: "write it as an escape, for example \\x03",
  });
}

function decode(parts: readonly Uint8Array[]): string {
  const decoder = new TextDecoder();
  return parts.map((part) => decoder.decode(part, { stream: true })).join("") + decoder.decode();
}
