import { LinkError, LinkListeners, formatLatin1 } from "@espx/proto";
import type { Clock, LinkListener, LinkTraits, SerialLink, Signals } from "@espx/proto";

/** How a fake board behaves; what is left out is as a good board does it. */
export interface Behaviour {
  readonly console?: "prompt" | "program" | "deaf-program" | "silent" | "garbage" | "download" | "raw";
  readonly rawPaste?: "yes" | "no" | "old";
  readonly windowBytes?: number;
  /** Ctrl-C presses it takes to stop the program. */
  readonly stubborn?: number;
  /** Delivers every byte by itself. */
  readonly bytewise?: boolean;
  readonly delayMs?: number;
  /** Resets after so many bytes of code. */
  readonly rebootAfterBytes?: number;
  /** The link goes away after so many bytes of code. */
  readonly lostAfterBytes?: number;
  readonly canReset?: boolean;
  /** Runs code: returns what it prints, throws a {@link Raised}. */
  readonly run?: (code: string) => string | Promise<string>;
}

/** What MicroPython prints for an exception. */
export class Raised extends Error {}

const bootText = "ets Jul 29 2019 12:21:46\r\n\r\nrst:0x7 (TG0WDT_SYS_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n";
const banner = "raw REPL; CTRL-B to exit\r\n>";
const text = (bytes: Iterable<number>): string => formatLatin1(Uint8Array.from(bytes));

/** The console of MicroPython down to the byte, without a MicroPython. */
export class FakeBoard implements SerialLink {
  readonly url = "fake:board";
  readonly traits: LinkTraits = { kind: "sim", safeCreditBytes: 256, resetsOnOpen: false };
  readonly written: number[] = [];
  readonly executed: string[] = [];
  readonly #behaviour: Behaviour;
  readonly #clock: Clock;
  readonly #listeners = new LinkListeners("fake:board");
  #mode: "friendly" | "program" | "raw" | "paste" | "running" | "dead";
  #line: number[] = [];
  #credit = 0;
  #presses = 0;
  #codeBytes = 0;
  #wasReset = false;

  constructor(clock: Clock, behaviour: Behaviour = {}) {
    this.#clock = clock;
    this.#behaviour = behaviour;
    const modes = { prompt: "friendly", program: "program", "deaf-program": "program", raw: "raw" } as const;
    const kind = behaviour.console ?? "prompt";
    this.#mode = kind in modes ? modes[kind as keyof typeof modes] : "dead";
  }

  listen(listener: LinkListener): () => void {
    return this.#listeners.listen(listener);
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#listeners.assertOpen();
    for (const byte of bytes) {
      this.written.push(byte);
      await this.#feed(byte);
    }
  }

  async drain(): Promise<void> {}

  async setSignals({ rts }: Signals): Promise<boolean> {
    if (this.#behaviour.canReset === false) return false;
    if (rts) this.#wasReset = true;
    else if (this.#wasReset && this.#behaviour.console === "deaf-program") {
      this.#mode = "friendly";
      await this.send(bootText);
    }
    return true;
  }

  async setBaud(): Promise<void> {}
  async reopen(): Promise<void> {}
  async close(): Promise<void> {
    this.#listeners.close();
  }

  async send(output: string): Promise<void> {
    const bytes = Uint8Array.from(output, (char) => char.charCodeAt(0));
    const pieces = this.#behaviour.bytewise ? Array.from(bytes, (byte) => Uint8Array.of(byte)) : [bytes];
    for (const piece of pieces) {
      if (this.#behaviour.delayMs !== undefined) await this.#clock.sleep(this.#behaviour.delayMs);
      this.#listeners.chunk(piece);
    }
  }

  async #feed(byte: number): Promise<void> {
    switch (this.#mode) {
      case "dead":
        return this.#babble(byte);
      case "program":
        return this.#interruptProgram(byte);
      case "friendly":
        return this.#friendly(byte);
      case "raw":
        return this.#raw(byte);
      case "paste":
        return this.#pasted(byte);
      case "running":
        return;
    }
  }

  async #babble(byte: number): Promise<void> {
    if (this.#behaviour.console === "download") await this.send("waiting for download\r\n");
    if (this.#behaviour.console === "garbage")
      await this.send(String.fromCharCode((byte * 37 + 129) & 0xff, 0xff, 0x00));
  }

  async #interruptProgram(byte: number): Promise<void> {
    if (byte !== 3 || this.#behaviour.console === "deaf-program") return;
    this.#presses++;
    if (this.#presses < (this.#behaviour.stubborn ?? 1)) return;
    this.#mode = "friendly";
    await this.send(
      'Traceback (most recent call last):\r\n  File "main.py", line 1, in <module>\r\nKeyboardInterrupt: \r\n>>> ',
    );
  }

  async #friendly(byte: number): Promise<void> {
    if (byte === 1) {
      this.#mode = "raw";
      this.#line = [];
      return this.send(banner);
    }
    if (byte === 3 || byte === 13 || byte === 2) return this.send("\r\n>>> ");
    await this.send(String.fromCharCode(byte));
  }

  async #raw(byte: number): Promise<void> {
    if (byte === 1 && text(this.#line) === "\u0005A") return this.#startPaste();
    if (byte === 1) return this.#again();
    if (byte === 2) {
      this.#mode = "friendly";
      return this.send(
        '\r\nMicroPython v1.27.0 on 2025-12-09; Fake with ESP32\r\nType "help()" for more information.\r\n>>> ',
      );
    }
    if (byte === 3) return void (this.#line = []);
    if (byte !== 4) return this.#take(byte);
    await this.send("OK");
    this.#start();
  }

  /** Code runs while the link takes more bytes. */
  #start(): void {
    this.#mode = "running";
    void this.#execute();
  }

  async #again(): Promise<void> {
    this.#line = [];
    await this.send(banner);
  }

  async #startPaste(): Promise<void> {
    this.#line = [];
    const answer = this.#behaviour.rawPaste ?? "yes";
    if (answer === "old") return this.send(banner);
    if (answer === "no") return this.send("R\u0000");
    const windowBytes = this.#behaviour.windowBytes ?? 128;
    this.#mode = "paste";
    this.#credit = windowBytes;
    await this.send(`R\u0001${String.fromCharCode(windowBytes & 0xff, windowBytes >> 8)}\u0001`);
  }

  async #pasted(byte: number): Promise<void> {
    if (byte === 4) {
      await this.send("\u0004");
      return this.#start();
    }
    if (byte === 3) return void (this.#mode = "raw");
    await this.#take(byte);
    if (this.#mode !== "paste") return;
    if (--this.#credit > 0) return;
    this.#credit = this.#behaviour.windowBytes ?? 128;
    await this.send("\u0001");
  }

  async #take(byte: number): Promise<void> {
    this.#line.push(byte);
    this.#codeBytes++;
    if (this.#codeBytes === this.#behaviour.rebootAfterBytes) {
      this.#mode = "program";
      return this.send(bootText);
    }
    if (this.#codeBytes === this.#behaviour.lostAfterBytes)
      this.#listeners.close(new LinkError("link/lost", "unplugged"));
  }

  async #execute(): Promise<void> {
    const code = new TextDecoder().decode(Uint8Array.from(this.#line));
    this.#line = [];
    this.executed.push(code);
    try {
      await this.send(`${await (this.#behaviour.run ?? ((source) => source))(code)}\u0004\u0004>`);
    } catch (error) {
      if (!(error instanceof Raised)) throw error;
      await this.send(`\u0004${error.message}\u0004>`);
    }
    this.#mode = "raw";
  }
}
