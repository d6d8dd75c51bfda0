const TAIL_CHARS = 160;

/** Texts that only a starting board prints: the ROM's reset line, a soft reset, the friendly banner. */
const startTexts =
  /rst:0x[0-9a-f]{1,2} \([A-Z0-9_]+\)|ets [A-Z][a-z]{2} [ \d]\d \d{4} \d\d:\d\d:\d\d|ESP-ROM:esp32|MPY: soft reboot\r\n|MicroPython v\d[^\r\n]* on [^\r\n]*; [^\r\n]* with [^\r\n]*\r\n/;

/** Looks for the start of a board in what it prints, over any split into chunks. */
export class RebootWatch {
  #tail = "";

  /** Whether the board has started anew. */
  feed(bytes: Uint8Array): boolean {
    const text = this.#tail + Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
    this.#tail = text.slice(-TAIL_CHARS);
    return startTexts.test(text);
  }
}
