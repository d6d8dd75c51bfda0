import { loaderCommand, loaderFailure } from "@espx/proto";

const reasons: Readonly<Record<number, string>> = {
  [loaderFailure.invalidMessage]: "it does not know or not allow the command",
  [loaderFailure.failedToAct]: "it could not do it",
  [loaderFailure.invalidChecksum]: "the bytes came spoiled",
  [loaderFailure.flashWriteError]: "writing to flash failed",
  [loaderFailure.flashReadError]: "reading from flash failed",
  [loaderFailure.flashReadLength]: "the length is one that it cannot read",
  [loaderFailure.deflateError]: "the compressed bytes do not unpack",
  0xc0: "the length of a block is wrong",
  0xc1: "the checksum of a block is wrong",
  0xc2: "the size is one that it cannot write",
  0xc3: "the bytes to be compared differ",
};

/** Why a command failed, in words. */
export function reasonText(reason: number): string {
  return reasons[reason] ?? `reason 0x${reason.toString(16).padStart(2, "0")}`;
}

/** The name of a command's number, for messages. */
export function commandName(op: number): string {
  const name = Object.entries(loaderCommand).find(([, code]) => code === op)?.[0] ?? `0x${op.toString(16)}`;
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
