import { ProtocolError } from "@espx/proto";

/** What people give by mistake, by how it begins. */
const mistakes: readonly (readonly [start: string, what: string, hint: string])[] = [
  ["\x7fELF", "an ELF file", "make an image from it: esptool elf2image FILE"],
  ["UF2\n", "a UF2 file", "that is for a boot loader with a USB drive; take the .bin file of the same build"],
  ["PK", "a ZIP archive", "unpack it and give the .bin file in it"],
  ["\x1f\x8b", "a gzip archive", "unpack it and give the .bin file in it"],
  ["<", "a web page", "the download went wrong: fetch the .bin file itself"],
  [":", "an Intel HEX file", "turn it into raw bytes first"],
];

/** The error for a file that is nothing that goes into flash, with what it rather is. */
export function unknownFile(bytes: Uint8Array): ProtocolError {
  if (bytes.length === 0) {
    return new ProtocolError("image/file-unknown", "the file is empty", { hint: "fetch or build it again" });
  }
  const head = String.fromCharCode(...bytes.subarray(0, 64)).trimStart();
  const known = mistakes.find(([start]) => head.startsWith(start));
  if (known !== undefined)
    return new ProtocolError("image/file-unknown", `the file is ${known[1]}`, { hint: known[2] });
  if (bytes.every((byte) => byte === 0xff)) {
    return new ProtocolError("image/file-unknown", "the file is erased flash: nothing but 0xff");
  }
  const got = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return new ProtocolError(
    "image/file-unknown",
    `the file starts with ${got}, expected e9 for an ESP image or aa 50 for a partition table`,
    { hint: "images of an ESP8266 and encrypted ones are not read; check that it is the .bin file for your chip" },
  );
}
