import { SeededRandom } from "../../fuzz/seeded-random.ts";

/** A file of the set that deploys are measured with. */
export interface SetFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

const SOURCES = { files: 17, totalBytes: 81_045 } as const;
const BLOBS = { files: 13, totalBytes: 192_501 } as const;

/**
 * 30 files, the same for the same seed: 17 of Python, 81,045 bytes that deflate to about 23.5 KB, and 13 incompressible
 * ones of 192,501 bytes. Sizes and ratio are those of a library for Wi-Fi set-up with its compressed web pages.
 */
export function deploySet(seed: number): readonly SetFile[] {
  const random = new SeededRandom(seed);
  const sources = sizes(SOURCES, random).map((sizeBytes, number) => ({
    path: `lib/part${number}.py`,
    bytes: new TextEncoder().encode(pythonText(sizeBytes, random)),
  }));
  const blobs = sizes(BLOBS, random).map((sizeBytes, number) => ({
    path: `web/page${number}.bin`,
    bytes: random.bytes(sizeBytes),
  }));
  return [...sources, ...blobs];
}

/** Sizes between half and one and a half of the mean, with this sum. */
function sizes({ files, totalBytes }: { files: number; totalBytes: number }, random: SeededRandom): readonly number[] {
  const parts = Array.from({ length: files }, () => 500 + random.below(1_000));
  const sum = parts.reduce((total, part) => total + part, 0);
  const whole = parts.map((part) => Math.floor((part / sum) * totalBytes));
  const rest = totalBytes - whole.reduce((total, part) => total + part, 0);
  return whole.map((size, index) => (index === 0 ? size + rest : size));
}

const syllables = "ba co di fe gu lo ma ne pi ra so tu ve wi xo zy".split(" ");

/** Python that compiles, of so many bytes: functions over a vocabulary of names, filled up with a comment. */
function pythonText(sizeBytes: number, random: SeededRandom): string {
  const syllable = (): string => random.pick(syllables);
  const names = Array.from({ length: 46 }, () => syllable() + syllable() + syllable());
  const name = (): string => random.pick(names);
  const value = (): string => (random.below(10) < 3 ? String(random.below(1_000)) : name());
  const statements = [
    () => `${name()} = self.${name()}(${value()}, ${value()})`,
    () => `self.${name()} = ${value()}`,
    () => `if ${name()} is not None: return ${value()}`,
    () => `self.${name()}["${name()}"] = ${value()} + ${value()}`,
    () => `print("${name()} ${name()}", ${value()})`,
  ];
  let text = `"""${name()} ${name()}"""\n`;
  while (text.length < sizeBytes) {
    text += `\ndef ${name()}(self, ${name()}):\n`;
    const lines = 2 + random.below(7);
    for (let line = 0; line < lines; line++) text += `    ${random.pick(statements)()}\n`;
  }
  const end = text.lastIndexOf("\n\ndef", sizeBytes - 4);
  return `${text.slice(0, end)}\n#`.padEnd(sizeBytes - 1, ".") + "\n";
}
