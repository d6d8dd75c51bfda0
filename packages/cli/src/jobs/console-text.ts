/** Bytes of a console as text, with the line ends that Python printed: the board sends CR LF for each. */
export function consoleText(): (bytes: Uint8Array) => string {
  const decoder = new TextDecoder();
  let held = "";
  return (bytes) => {
    const text = held + decoder.decode(bytes, { stream: true });
    held = text.endsWith("\r") ? "\r" : "";
    return text.slice(0, text.length - held.length).replaceAll("\r\n", "\n");
  };
}
