import type { FlashTools } from "@espx/serial";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { deflate as zlibDeflate } from "node:zlib";
import { esptoolChips } from "./esptool-chips.ts";

const deflate = promisify(zlibDeflate) as (bytes: Uint8Array, options: { level: number }) => Promise<Buffer>;

/** What flashing needs of Node: digests, zlib beside the main thread, and the chips of esptool-js. */
export const flashTools: FlashTools = {
  chips: esptoolChips,
  md5: (bytes) => new Uint8Array(createHash("md5").update(bytes).digest()),
  sha256: (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest()),
  deflate: async (bytes) => {
    const deflated = await deflate(bytes, { level: 9 });
    return new Uint8Array(deflated.buffer, deflated.byteOffset, deflated.byteLength);
  },
};
