import {
  decodeLoaderBlock,
  decodeWords,
  type LoaderAnswer,
  loaderChecksum,
  loaderFailure,
  type LoaderFailure,
  type LoaderRequest,
} from "@espx/proto";

/** What a command is answered with; some are not. */
export type Answer = Omit<LoaderAnswer, "op"> | "silent";

/** Success, or the failure that there is a reason for. */
export function answerOf(reason: LoaderFailure | undefined): Answer {
  return reason === undefined ? {} : { failure: reason };
}

/** Gives a command its words; it fails when it has fewer. */
export function withWords(
  data: Uint8Array,
  count: number,
  use: (words: number[]) => Answer | Promise<Answer>,
): Answer | Promise<Answer> {
  const words = decodeWords(data, count);
  return words === undefined ? { failure: loaderFailure.invalidMessage } : use(words);
}

/** Gives a command its block when that is whole and its checksum right. */
export async function checkedBlock(
  { data, checksum }: LoaderRequest,
  use: (bytes: Uint8Array, sequence: number) => Promise<LoaderFailure | undefined> | LoaderFailure | undefined,
): Promise<Answer> {
  const block = decodeLoaderBlock(data);
  if (block === undefined) return { failure: loaderFailure.invalidMessage };
  if (loaderChecksum(block.bytes) !== (checksum & 0xff)) return { failure: loaderFailure.invalidChecksum };
  return answerOf(await use(block.bytes, block.sequence));
}
