import { RefusedError } from "@espx/proto";
import type { ChipCatalogue, ChipTarget } from "./chip-catalogue.ts";
import { isRefusal, type Loader, magicAddress } from "./loader.ts";
import { type ChipSecurity, decodeSecurityInfo, readEsp32Security } from "./security.ts";

/** A chip that was recognised. */
export interface IdentifiedChip {
  readonly target: ChipTarget;
  readonly security: ChipSecurity;
}

/**
 * Finds out what chip a loader runs on: by the magic word, since every ROM can be asked for it, and where that is not one chip's
 * own, or locked, by GET_SECURITY_INFO.
 *
 * @throws RefusedError `flash/unknown-chip`; and as `Loader`
 */
export async function identifyChip(loader: Loader, chips: ChipCatalogue): Promise<IdentifiedChip> {
  const magic = await readMagic(loader);
  const byMagic = magic === undefined ? undefined : await chips.byMagic(magic);
  if (byMagic?.key === "esp32") return { target: byMagic, security: await readEsp32Security(loader) };
  const bytes = await loader.securityInfo();
  const info = bytes === undefined ? undefined : decodeSecurityInfo(bytes);
  const byId = info?.imageChipId === undefined ? undefined : await chips.byImageChipId(info.imageChipId);
  // An ESP32-S2 gives no chip id, and in Secure Download Mode no magic word either.
  const target = byId ?? byMagic ?? (info === undefined ? undefined : await chips.byImageChipId(esp32S2));
  if (target !== undefined) return { target, security: info?.security ?? unprotected };
  throw unknownChip(magic, info?.imageChipId);
}

const esp32S2 = 2;
const unprotected: ChipSecurity = {
  secureBoot: false,
  flashEncryption: false,
  secureDownload: false,
  downloadDisabled: false,
};

/** @returns undefined where Secure Download Mode does not allow it */
async function readMagic(loader: Loader): Promise<number | undefined> {
  try {
    return await loader.readRegister(magicAddress);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    await loader.port.settle(20);
    return undefined;
  }
}

function unknownChip(magic: number | undefined, chipId: number | undefined): RefusedError {
  const seen = [
    ...(chipId === undefined ? [] : [`chip id ${chipId}`]),
    ...(magic === undefined ? [] : [`magic 0x${magic.toString(16).padStart(8, "0")}`]),
  ].join(", ");
  return new RefusedError("flash/unknown-chip", `this espx does not know the chip (${seen || "it tells nothing"})`, {
    hint: "a newer espx may; or is it an ESP8266, which espx does not serve?",
    details: { magic: magic ?? null, chipId: chipId ?? null },
  });
}
