const lineFeed = 10;
const carriageReturn = 13;
const bufferBytes = 256;

/** Where the output goes. */
export interface SerialLine {
  send(bytes: Uint8Array<ArrayBuffer>): void;
  /** Called after a piece that a program filled, not one that is sent because the board rests. */
  pause(): void;
}

/** What the board prints, gathered into pieces: a line, a full buffer, or what is there when it rests. */
export class SerialOutput {
  readonly #line: SerialLine;
  readonly #buffer = new Uint8Array(bufferBytes);
  #lengthBytes = 0;
  #last = 0;
  #capture: number[] | undefined;

  constructor(line: SerialLine) {
    this.#line = line;
  }

  /** Text: a line feed alone becomes CR LF, as the chip's console does. */
  writeText(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte === lineFeed && this.#last !== carriageReturn) this.#put(carriageReturn);
      this.#put(byte);
      if (byte === lineFeed) this.#flushAndPause();
    }
  }

  writeRaw(bytes: Uint8Array): void {
    for (const byte of bytes) this.#put(byte);
  }

  /** Text that comes from the firmware itself, with its own line ends. */
  print(text: string): void {
    this.writeRaw(new TextEncoder().encode(text));
    this.flush();
  }

  flush(): void {
    if (this.#lengthBytes === 0) return;
    const bytes = this.#buffer.slice(0, this.#lengthBytes);
    this.#lengthBytes = 0;
    this.#line.send(bytes);
  }

  /** Keeps what `write` prints back and answers it. */
  captured(write: () => void): Uint8Array {
    this.#capture = [];
    try {
      write();
      return Uint8Array.from(this.#capture);
    } finally {
      this.#capture = undefined;
    }
  }

  #put(byte: number): void {
    this.#last = byte;
    if (this.#capture !== undefined) {
      this.#capture.push(byte);
      return;
    }
    this.#buffer[this.#lengthBytes++] = byte;
    if (this.#lengthBytes === bufferBytes) this.#flushAndPause();
  }

  #flushAndPause(): void {
    this.flush();
    this.#line.pause();
  }
}
