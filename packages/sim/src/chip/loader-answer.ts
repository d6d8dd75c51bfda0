import {
  blockChecksum,
  blockOf,
  type Failure,
  failure,
  type RomReply,
  type RomRequest,
  wordsOf,
} from "./rom-packet.ts";

/** What a command is answered with; some are not. */
export type Answer = Omit<RomReply, "op"> | "silent";

/** Success, or the failure that there is a reason for. */
export function answerOf(reason: Failure | undefined): Answer {
  return reason === undefined ? {} : { failure: reason };
}

/** Gives a command its words; it fails when it has fewer. */
export function withWords(
  data: Uint8Array,
  count: number,
  use: (words: number[]) => Answer | Promise<Answer>,
): Answer | Promise<Answer> {
  const words = wordsOf(data, count);
  return words === undefined ? { failure: failure.invalidMessage } : use(words);
}

/** Gives a command its block when that is whole and its checksum right. */
export async function checkedBlock(
  { data, checksum }: RomRequest,
  use: (bytes: Uint8Array, sequence: number) => Promise<Failure | undefined> | Failure | undefined,
): Promise<Answer> {
  const block = blockOf(data);
  if (block === undefined) return { failure: failure.invalidMessage };
  if (blockChecksum(block.bytes) !== (checksum & 0xff)) return { failure: failure.invalidChecksum };
  return answerOf(await use(block.bytes, block.sequence));
}
