import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { buildRelease } from "@espx/ota";
import type { SourceFile } from "@espx/ota";
import type { Release, Sha256 } from "@espx/proto";
import { createCompiler } from "../../packages/cli/src/release/compiler.ts";
import { compiledFiles } from "../../device/tests/compiled-files.ts";

export const sha256: Sha256 = (bytes) => createHash("sha256").update(bytes).digest();

/** What a program of these releases prints at its start; its numbers are all 1 in the old set, all 2 in the new one. */
export const markPattern = /^powercut: code (\d) part (\d) config (\d)$/m;

const device = (path: string): string => readFileSync(new URL(`../../device/${path}`, import.meta.url), "utf8");
const file = (path: string, text: string): SourceFile => ({ path, bytes: new TextEncoder().encode(text) });

/** Two releases that differ in code, config and launcher, with the real framework in both. */
export async function twoReleases(): Promise<{ readonly before: Release; readonly after: Release }> {
  const [before, after] = await Promise.all([build(1), build(2)]);
  return { before, after };
}

async function build(number: 1 | 2): Promise<Release> {
  const framework = Object.entries(await compiledFiles()).filter(([path]) => path.startsWith("espx/"));
  return buildRelease(
    {
      profile: "powercut",
      sequence: 0,
      components: ["log"],
      keep: [],
      files: [
        ...framework.map(([path, bytes]) => ({ path: `lib/${path}`, bytes })),
        file("main.py", program(number)),
        file("lib/part.py", `NUMBER = ${number}\n`),
        file(`lib/only${number}.py`, "# There in one of the two sets.\n"),
      ],
      launcher: await launcher(number),
      config: new TextEncoder().encode(`startdelay 0\nmark ${number}\n`),
    },
    sha256,
  );
}

const program = (number: number): string => `
import part
import only${number}
from espx.component import Component

class Mark(Component):
    name = "mark"

    def start(self, ctx):
        print("powercut: code ${number} part", part.NUMBER, "config", ctx.config.get("mark"))

components = [Mark()]
`;

/** The product's launcher; the newer one differs in every file. */
async function launcher(number: 1 | 2): Promise<readonly SourceFile[]> {
  const slots = await compile("safe/slots.py", `${device("safe/slots.py")}\nPOWERCUT = ${number}\n`);
  return [
    file("/boot.py", `${device("boot.py")}\n# ${number}\n`),
    file("/main.py", `${device("main.py")}\n# ${number}\n`),
    { path: "/safe/slots.mpy", bytes: slots },
  ];
}

async function compile(path: string, text: string): Promise<Uint8Array> {
  const compiler = createCompiler();
  try {
    const { mpy, text: said } = await compiler.compile(path, text);
    if (mpy === null) throw new Error(said);
    return mpy;
  } finally {
    await compiler.close();
  }
}
