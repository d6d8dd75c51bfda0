import type { FlashTools } from "@espx/serial";
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { deflate as zlibDeflate } from "node:zlib";
import { esptoolChips, type StubFile } from "./esptool-chips.ts";

const deflate = promisify(zlibDeflate) as (bytes: Uint8Array, options: { level: number }) => Promise<Buffer>;

const require = createRequire(import.meta.url);

/** Read as files: an import of JSON warns on Node 20. */
const loadStub = async (name: string): Promise<StubFile> =>
  require(`esptool-js/lib/targets/stub_flasher/${name}.json`) as StubFile;

/** What flashing needs of Node: digests, zlib beside the main thread, and the chips of esptool-js. */
export const flashTools: FlashTools = {
  chips: esptoolChips(loadStub),
  md5: (bytes) => new Uint8Array(createHash("md5").update(bytes).digest()),
  sha256: (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest()),
  // Of firmware, level 9 saves one byte in a thousand for up to twelve times the work.
  deflate: async (bytes) => {
    const deflated = await deflate(bytes, { level: 6 });
    return new Uint8Array(deflated.buffer, deflated.byteOffset, deflated.byteLength);
  },
};
