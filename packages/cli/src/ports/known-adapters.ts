import type { LinkTraits } from "@espx/proto";

/** USB adapters that ESP32 boards carry: vendor, product (undefined: all of them), and what people call it. */
const adapters: readonly (readonly [vendorId: number, productId: number | undefined, name: string])[] = [
  [0x10c4, 0xea60, "CP210x"],
  [0x10c4, 0xea70, "CP2105"],
  [0x10c4, 0xea71, "CP2108"],
  [0x1a86, 0x7522, "CH340"],
  [0x1a86, 0x7523, "CH340"],
  [0x1a86, 0x5523, "CH341"],
  [0x1a86, 0x55d3, "CH343"],
  [0x1a86, 0x55d4, "CH9102"],
  [0x0403, 0x6001, "FT232"],
  [0x0403, 0x6010, "FT2232"],
  [0x0403, 0x6011, "FT4232"],
  [0x0403, 0x6014, "FT232H"],
  [0x0403, 0x6015, "FT-X"],
  [0x303a, 0x1001, "USB-Serial-JTAG"],
  [0x303a, undefined, "Espressif"],
];

/** Vendor number of chips that are their own USB device. */
const espressifVendorId = 0x303a;

/** Product number of the USB-Serial-JTAG unit in C3, S3, C6 and later. */
const usbJtagProductId = 0x1001;

/** The adapter's name when it is one that ESP32 boards carry. */
export function knownAdapter(vendorId: number | undefined, productId: number | undefined): string | undefined {
  return adapters.find(
    ([vendor, product]) => vendor === vendorId && (product === undefined || product === productId),
  )?.[2];
}

/** What a port with these USB numbers is; undefined: no USB, or unknown. */
export function linkTraits(vendorId: number | undefined, productId: number | undefined): LinkTraits {
  if (vendorId !== espressifVendorId) return { kind: "uart", safeCreditBytes: 256, resetsOnOpen: false };
  const kind = productId === usbJtagProductId ? "usb-jtag" : "cdc";
  // USB holds the host back by itself when the chip's buffer is full.
  return { kind, safeCreditBytes: 4096, resetsOnOpen: false };
}
