const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/**
 * Bytes behind base64 text without its padding; characters outside the alphabet count as `A`.
 *
 * @source RFC 4648 section 4
 */
export function decodeBase64(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let held = 0;
  for (let at = 0, out = 0; at < text.length; at++) {
    held = ((held << 6) | Math.max(0, alphabet.indexOf(text.charAt(at)))) & 0xffff;
    const bits = ((at + 1) * 6) % 8;
    if (at % 4 !== 0) bytes[out++] = held >> bits;
  }
  return bytes;
}

/** Base64 text of bytes, with its padding. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b, c] = bytes.subarray(at, at + 3);
    text += alphabet.charAt(a >> 2) + alphabet.charAt(((a & 3) << 4) | ((b ?? 0) >> 4));
    text += b === undefined ? "=" : alphabet.charAt(((b & 15) << 2) | ((c ?? 0) >> 6));
    text += c === undefined ? "=" : alphabet.charAt(c & 63);
  }
  return text;
}
