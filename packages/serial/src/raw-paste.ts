import { ProtocolError } from "@espx/proto";
import type { Limit } from "./link-reader.ts";
import { printable } from "./printable.ts";
import { ascii, skipPast, takeBytes, timedOut, write } from "./wire.ts";
import type { Wire } from "./wire.ts";

/** What a board answered when asked for raw-paste mode. */
export type PasteAnswer = "yes" | "no" | "old";

const CREDIT = 0x01;
const END = 0x04;
const LATE_MS = 150;

/**
 * Asks for raw-paste mode.
 *
 * @returns `old` for a firmware that answers with the raw REPL's banner; it need not be asked again
 * @source MicroPython docs/reference/repl.rst, raw-paste mode
 */
export async function requestPaste(wire: Wire, limit: Limit): Promise<PasteAnswer> {
  await write(wire, ascii("\x05A\x01"), limit);
  let answer = await takeBytes(wire, 2, limit);
  if (answer[0] === 0x72 && answer[1] === 0x61) {
    if (!(await skipPast(wire, ascii("\r\n>"), limit))) throw timedOut();
    // A banner may also be a late answer to the entry; then the one to this question follows.
    const late = await wire.reader.more(0, { ...limit, untilMs: wire.clock.now() + LATE_MS });
    if (!late) return "old";
    answer = await takeBytes(wire, 2, limit);
  }
  if (answer[0] === 0x52 && answer[1] === 0x01) return "yes";
  if (answer[0] === 0x52 && answer[1] === 0x00) return "no";
  throw new ProtocolError("serial/bad-framing", `asked for raw-paste mode, the board sent "${printable(answer)}"`);
}

/**
 * Sends `code` as fast as the board takes it: a window's worth for each credit.
 *
 * Ends when the code is sent, or earlier when the board stopped reading, which it does at a syntax error.
 */
export async function paste(wire: Wire, code: Uint8Array, limit: Limit): Promise<void> {
  const size = await takeBytes(wire, 2, limit);
  const windowBytes = (size[0] as number) | ((size[1] as number) << 8);
  if (windowBytes === 0)
    throw new ProtocolError("serial/bad-framing", "the board offers a raw-paste window of 0 bytes");
  let credit = windowBytes;
  for (let sent = 0; sent < code.length;) {
    while (credit === 0 || wire.reader.queue.length > 0) {
      const [byte] = await takeBytes(wire, 1, limit);
      if (byte === END) {
        await write(wire, ascii("\x04"), limit);
        return;
      }
      if (byte !== CREDIT) throw strayByte(byte as number);
      credit += windowBytes;
    }
    const piece = code.subarray(sent, sent + credit);
    await write(wire, piece, limit);
    sent += piece.length;
    credit -= piece.length;
  }
  await write(wire, ascii("\x04"), limit);
  while ((await takeBytes(wire, 1, limit))[0] !== END);
}

const PIECE_BYTES = 256;
const PIECE_PAUSE_MS = 10;

/** Sends `code` in the plain raw REPL, which has no flow control: slower than the board reads. */
export async function sendPlain(wire: Wire, code: Uint8Array, limit: Limit): Promise<void> {
  for (let sent = 0; sent < code.length; sent += PIECE_BYTES) {
    await write(wire, code.subarray(sent, sent + PIECE_BYTES), limit);
    await wire.link.drain();
    await wire.clock.sleep(PIECE_PAUSE_MS, limit.signal);
  }
  await write(wire, ascii("\x04"), limit);
  const answer = await takeBytes(wire, 2, limit);
  if (answer[0] === 0x4f && answer[1] === 0x4b) return;
  throw new ProtocolError("serial/bad-framing", `sent code to the raw REPL, the board answered "${printable(answer)}"`);
}

function strayByte(byte: number): ProtocolError {
  return new ProtocolError("serial/bad-framing", `expected credit, the board sent "${printable(Uint8Array.of(byte))}"`);
}
