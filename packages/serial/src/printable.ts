/** Bytes as a person can read them: text as it is, the rest as `\xNN`; at most `maxChars`, the end of it. */
export function printable(bytes: Uint8Array, maxChars = 400): string {
  const text = new TextDecoder().decode(bytes);
  const shown = Array.from(text, (char) => {
    if (char === "\r") return "";
    if (char === "\uFFFD") return "\\x??";
    // A control character of the upper half (U+0080 to U+009F) steers a terminal as an escape does.
    if (!/(?![\n\t])\p{Cc}/u.test(char)) return char;
    return `\\x${(char.codePointAt(0) ?? 0).toString(16).padStart(2, "0")}`;
  }).join("");
  return shown.length <= maxChars ? shown : `…${shown.slice(-maxChars)}`;
}
