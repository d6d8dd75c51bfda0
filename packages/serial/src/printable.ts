/** Bytes as a person can read them: text as it is, the rest as `\xNN`; at most `maxChars`, the end of it. */
export function printable(bytes: Uint8Array, maxChars = 400): string {
  const text = new TextDecoder().decode(bytes);
  const shown = Array.from(text, (char) => {
    const code = char.codePointAt(0) as number;
    if (char === "\n" || char === "\t" || (code >= 0x20 && code !== 0x7f && code !== 0xfffd)) return char;
    if (char === "\r") return "";
    return code === 0xfffd ? "\\x??" : `\\x${code.toString(16).padStart(2, "0")}`;
  }).join("");
  return shown.length <= maxChars ? shown : `…${shown.slice(-maxChars)}`;
}
