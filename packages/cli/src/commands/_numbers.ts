import { UsageError } from "@espx/proto";

const MAX = 0xffff_ffff;
const units: Readonly<Record<string, number>> = { "": 1, k: 1024, kb: 1024, m: 1024 * 1024, mb: 1024 * 1024 };

/**
 * An address or a size as people write them: `0x10000`, `65536`, `64K`, `4MB`.
 *
 * @throws UsageError `cli/argument-value`
 */
export function addressOf(text: string, name: string): number {
  const match = /^(0x[0-9a-f]+|\d+)(k|kb|m|mb)?$/i.exec(text);
  const hexadecimal = match?.[1]?.startsWith("0x") === true || match?.[1]?.startsWith("0X") === true;
  const unit = units[(match?.[2] ?? "").toLowerCase()] ?? 1;
  const value = match === null || (hexadecimal && unit !== 1) ? Number.NaN : Number(match[1]) * unit;
  if (value <= MAX) return value;
  throw new UsageError("cli/argument-value", `${name} must be a number such as 0x10000, 64K or 4MB, got "${text}"`, {
    hint: "addresses go up to 0xffffffff",
  });
}

/** {@link addressOf} for a flag that may be missing. */
export const optionalAddress = (text: string | undefined, name: string): number | undefined =>
  text === undefined ? undefined : addressOf(text, name);

/** A file and where in flash it goes. */
interface FileAt {
  readonly address: number;
  readonly file: string;
}

/**
 * Pairs `ADDRESS FILE`, in esptool's way, or `ADDRESS:FILE`.
 *
 * @throws UsageError `cli/argument-value`, `cli/argument-missing`
 */
export function filesAt(words: readonly string[], verb: string): readonly FileAt[] {
  const files: FileAt[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    const joined = /^(0x[0-9a-f]+|\d+[km]?b?):(.+)$/i.exec(word);
    const file = joined?.[2] ?? words[++index];
    if (file === undefined) {
      throw new UsageError("cli/argument-missing", `no file stands behind the address ${word}`, {
        hint: `espx ${verb} --help`,
      });
    }
    files.push({ address: addressOf(joined?.[1] ?? word, "the address"), file });
  }
  return files;
}
