import { createHash } from "node:crypto";
import type { FlashFileDigests } from "@espx/image";

/** The hash functions of images and partition tables. */
export const digests: FlashFileDigests = {
  sha256: (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest()),
  md5: (bytes) => new Uint8Array(createHash("md5").update(bytes).digest()),
};
