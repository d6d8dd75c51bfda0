/** A Python string literal for any text, in printable ASCII only. */
export function pythonString(text: string): string {
  const body = Array.from(text, (char) => {
    const code = char.codePointAt(0) as number;
    if (char === "\\" || char === "'") return `\\${char}`;
    if (code >= 0x20 && code < 0x7f) return char;
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
    return code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`;
  });
  return `'${body.join("")}'`;
}
