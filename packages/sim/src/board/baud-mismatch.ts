/** Two UARTs understand each other while a byte's ten bits drift by less than half a bit. */
const tolerance = 0.04;

const dataBits = 8;

/**
 * What a UART at `heardBaud` takes `bytes` for that another one sends without a pause at `sentBaud`: eight data bits, no parity, one stop bit.
 *
 * Alike rates give the bytes themselves. A frame with a wrong stop bit counts as a byte, as on the chip.
 */
export function heardAs(bytes: Uint8Array, sentBaud: number, heardBaud: number): Uint8Array {
  if (Math.abs(sentBaud / heardBaud - 1) <= tolerance) return bytes;
  const levels = levelsOf(bytes);
  const step = sentBaud / heardBaud;
  const levelAt = (at: number): number => levels[Math.floor(at)] ?? 1;
  const heard: number[] = [];
  for (let at = nextStart(levels, 0); at < levels.length;) {
    let byte = 0;
    for (let bit = 0; bit < dataBits; bit++) byte |= levelAt(at + (1.5 + bit) * step) << bit;
    heard.push(byte);
    at = nextStart(levels, Math.ceil(at + (1.5 + dataBits) * step));
  }
  return Uint8Array.from(heard);
}

/** The line's level, bit by bit: low start bit, data from the lowest bit on, high stop bit. */
function levelsOf(bytes: Uint8Array): Uint8Array {
  const levels = new Uint8Array(bytes.length * (dataBits + 2));
  bytes.forEach((byte, index) => {
    const from = index * (dataBits + 2);
    for (let bit = 0; bit < dataBits; bit++) levels[from + 1 + bit] = (byte >> bit) & 1;
    levels[from + dataBits + 1] = 1;
  });
  return levels;
}

function nextStart(levels: Uint8Array, from: number): number {
  const at = levels.indexOf(0, from);
  return at < 0 ? levels.length : at;
}
