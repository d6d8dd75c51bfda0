import type { FlashTools } from "@espx/serial";
import { md5 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { esptoolChips, type StubFile } from "./esptool-chips.ts";

/** Loaded when a chip of that kind is met; a bundler makes a file of each. */
const stubs: Readonly<Record<string, () => Promise<{ readonly default: StubFile }>>> = {
  esp32: () => import("esptool-js/lib/targets/stub_flasher/esp32.json", { with: { type: "json" } }),
  esp32s2: () => import("esptool-js/lib/targets/stub_flasher/esp32s2.json", { with: { type: "json" } }),
  esp32s3: () => import("esptool-js/lib/targets/stub_flasher/esp32s3.json", { with: { type: "json" } }),
  esp32c2: () => import("esptool-js/lib/targets/stub_flasher/esp32c2.json", { with: { type: "json" } }),
  esp32c3: () => import("esptool-js/lib/targets/stub_flasher/esp32c3.json", { with: { type: "json" } }),
  esp32c5: () => import("esptool-js/lib/targets/stub_flasher/esp32c5.json", { with: { type: "json" } }),
  esp32c6: () => import("esptool-js/lib/targets/stub_flasher/esp32c6.json", { with: { type: "json" } }),
  esp32c61: () => import("esptool-js/lib/targets/stub_flasher/esp32c61.json", { with: { type: "json" } }),
  esp32h2: () => import("esptool-js/lib/targets/stub_flasher/esp32h2.json", { with: { type: "json" } }),
  esp32p4: () => import("esptool-js/lib/targets/stub_flasher/esp32p4.json", { with: { type: "json" } }),
  "esp32p4-rev1": () => import("esptool-js/lib/targets/stub_flasher/esp32p4-rev1.json", { with: { type: "json" } }),
};

/** What flashing needs of a browser: digests, its own zlib (level 6: it offers no other), and the chips of esptool-js. */
export const webFlashTools: FlashTools = {
  chips: esptoolChips(async (name) => (await stubs[name]?.())?.default),
  md5,
  sha256,
  deflate: async (bytes) => {
    const deflated = new Blob([new Uint8Array(bytes)]).stream().pipeThrough(new CompressionStream("deflate"));
    return new Uint8Array(await new Response(deflated).arrayBuffer());
  },
};
