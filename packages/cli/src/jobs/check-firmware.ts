import { chipOfId, type FlashFile, readFlashFile } from "@espx/image";
import { RefusedError, VerifyError } from "@espx/proto";
import { type FirmwareEntry, firmwareName } from "../project/firmware-catalogue.ts";
import { digests } from "../release/digests.ts";

/**
 * Holds a file against its catalogue entry: whole by its own digests, for the right chip, at the right place.
 *
 * @throws ProtocolError of what is broken in it; VerifyError `cli/firmware-other`; RefusedError `cli/firmware-unfit`
 */
export function checkFirmware(entry: FirmwareEntry, bytes: Uint8Array): FlashFile {
  const file = readFlashFile(bytes, digests);
  const fault = file.images.flatMap(({ faults }) => faults)[0] ?? file.broken[0]?.error;
  if (fault !== undefined) throw fault;
  const name = firmwareName(entry);
  for (const { image } of file.images) {
    const chip = chipOfId(image.header.chipId)?.name ?? `id ${image.header.chipId}`;
    if (chip === entry.chip) continue;
    throw new RefusedError("cli/firmware-unfit", `the file of ${name} is for the ${chip}, expected ${entry.chip}`, {
      hint: "correct chip or url in manifests/firmware.yaml",
    });
  }
  if (file.kind === "flash" && file.address !== entry.address) {
    throw other(entry, `begins at 0x${file.address?.toString(16)} of flash, expected 0x${entry.address.toString(16)}`);
  }
  if (!file.images.some(({ description }) => description !== null)) throw other(entry, "holds no application");
  return file;
}

function other(entry: FirmwareEntry, what: string): VerifyError {
  return new VerifyError("cli/firmware-other", `the file of ${firmwareName(entry)} ${what}`, {
    hint: "correct its entry in manifests/firmware.yaml",
  });
}
