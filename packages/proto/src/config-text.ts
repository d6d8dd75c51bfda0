import { ProtocolError } from "./errors.ts";

/** One setting of a device's config. `section` is "" above the first `[section]`. */
export interface ConfigEntry {
  readonly section: string;
  readonly key: string;
  /** null is written `None`. */
  readonly value: string | null;
  /** Counted from 1; 0 for an entry that was not read from text. */
  readonly line: number;
}

/**
 * Reads a device's config: `key value` a line, values may hold spaces, `#` first in a line is a comment,
 * `[section]` opens a component's section, `None` is null, a later line wins over an earlier one.
 *
 * Lines with a key and no value are ignored, as the original format does.
 * @source SPEC.md section 4
 */
export function parseConfigText(text: string): readonly ConfigEntry[] {
  const entries: ConfigEntry[] = [];
  let section = "";
  for (const [index, raw] of text.split(/\r\n|\r|\n/).entries()) {
    const line = raw.trim();
    const header = /^\[([^\]\s]+)\]$/.exec(line);
    if (header !== null) section = header[1] as string;
    if (header !== null || line === "" || line.startsWith("#")) continue;
    const match = /^(\S+)\s+(.+)$/.exec(line);
    if (match === null) continue;
    const value = match[2] as string;
    entries.push({ section, key: match[1] as string, value: value === "None" ? null : value, line: index + 1 });
  }
  return entries;
}

/**
 * Writes a device's config: entries without section first, then each section in order of appearance.
 *
 * @throws ProtocolError `proto/bad-config-value` for a key or value that would not read back as it was
 */
export function formatConfigText(entries: readonly Omit<ConfigEntry, "line">[]): string {
  const sections = [...new Set(["", ...entries.map((entry) => entry.section)])];
  const lines: string[] = [];
  for (const section of sections) {
    if (section !== "") lines.push(`[${section}]`);
    for (const entry of entries) if (entry.section === section) lines.push(formatEntry(entry));
  }
  return lines.map((line) => `${line}\n`).join("");
}

function formatEntry({ key, value }: Omit<ConfigEntry, "line">): string {
  if (!/^[^\s#[]\S*$/.test(key)) throw new ProtocolError("proto/bad-config-value", `"${key}" cannot be a config key`);
  const text = value ?? "None";
  if (text === "" || text !== text.trim() || /[\r\n]/.test(text) || value === "None") {
    throw new ProtocolError(
      "proto/bad-config-value",
      `the value of "${key}" is empty, is "None", or has line breaks or outer spaces`,
    );
  }
  return `${key} ${text}`;
}
