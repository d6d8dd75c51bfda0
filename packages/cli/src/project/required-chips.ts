/**
 * The chips on which a MicroPython build runs, as far as its name tells: `ESP32_GENERIC_C3` tells, a vendor's name may not.
 *
 * @param board - `firmware.board` of a manifest; empty for any
 */
export function requiredChips(board: string): { readonly chips?: readonly string[] } {
  const suffix = /(?:ESP32|GENERIC)_?([CHPS]\d)(?:_|$)/i.exec(board)?.[1];
  if (suffix !== undefined) return { chips: [`esp32${suffix.toLowerCase()}`] };
  return /^ESP32(?:_|$)/i.test(board) ? { chips: ["esp32"] } : {};
}
