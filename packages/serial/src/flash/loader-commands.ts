/** Commands of a chip's ROM loader; from 0xd0 on, of the flasher stub only. @source esptool documentation, "Serial Protocol" */
export const loaderCommand = {
  flashBegin: 0x02,
  flashData: 0x03,
  flashEnd: 0x04,
  memBegin: 0x05,
  memEnd: 0x06,
  memData: 0x07,
  sync: 0x08,
  writeRegister: 0x09,
  readRegister: 0x0a,
  spiSetParameters: 0x0b,
  spiAttach: 0x0d,
  readFlashSlow: 0x0e,
  changeBaud: 0x0f,
  deflateBegin: 0x10,
  deflateData: 0x11,
  deflateEnd: 0x12,
  flashMd5: 0x13,
  securityInfo: 0x14,
  eraseFlash: 0xd0,
  eraseRegion: 0xd1,
  readFlash: 0xd2,
  runUserCode: 0xd3,
} as const;

/** The ROM says this of a command that it does not know, or does not allow in Secure Download Mode. */
export const invalidMessage = 0x05;

/** A block came with a wrong checksum and was not used: it may be sent again. */
export const invalidChecksum = 0x07;

const reasons: Readonly<Record<number, string>> = {
  [invalidMessage]: "it does not know or not allow the command",
  0x06: "it could not do it",
  [invalidChecksum]: "the bytes came spoiled",
  0x08: "writing to flash failed",
  0x09: "reading from flash failed",
  0x0a: "the length is one that it cannot read",
  0x0b: "the compressed bytes do not unpack",
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
