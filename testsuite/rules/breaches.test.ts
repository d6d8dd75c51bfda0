import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const packages = readdirSync(join(root, "packages"));
const rootFiles = [
  "package.json",
  "tsconfig.json",
  "tsconfig.base.json",
  "tsconfig.tests.json",
  ".oxlintrc.json",
  "knip.json",
  ".gitignore",
];
let copy = "";

/** A copy of the workspace that a test may break. */
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), "espx-rules-"));
  for (const name of rootFiles) cpSync(join(root, name), join(copy, name));
  for (const folder of ["packages", "testsuite", "scripts"]) {
    const skip = /[\\/](node_modules|dist|\.cache)$/;
    cpSync(join(root, folder), join(copy, folder), { recursive: true, filter: (path) => !skip.test(path) });
  }
  linkPackages();
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

function linkPackages(): void {
  mkdirSync(join(copy, "node_modules", "@espx"), { recursive: true });
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (name === "@espx" || name === "espx") continue;
    symlinkSync(join(root, "node_modules", name), join(copy, "node_modules", name), "junction");
  }
  for (const name of packages) {
    const link = name === "cli" ? "espx" : join("@espx", name);
    symlinkSync(join(copy, "packages", name), join(copy, "node_modules", link), "junction");
    const own = join("packages", name, "node_modules");
    if (existsSync(join(root, own))) symlinkSync(join(root, own), join(copy, own), "junction");
  }
}

/** Puts a file with a breach into the copy, runs a tool there, and takes the file away again. */
function breach(
  file: string,
  source: string,
  tool: string,
  args: readonly string[],
): { status: number | null; output: string } {
  const path = join(copy, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, source);
  try {
    const result = spawnSync(join(copy, "node_modules", ".bin", tool), args, { cwd: copy, encoding: "utf8" });
    return { status: result.status, output: `${result.stdout}${result.stderr}` };
  } finally {
    rmSync(path);
  }
}

const lint = (file: string, source: string) => breach(file, source, "oxlint", ["--type-aware", file]);

describe("the rules of the house refuse", () => {
  test.each([
    ["an upward import", "packages/proto/src/breach.ts", 'export { x } from "@espx/ota";\n', "layer 1"],
    [
      "a sideways import",
      "packages/ota/src/breach.ts",
      'export { x } from "@espx/serial";\n',
      "the cli wires packages together",
    ],
    [
      "another sideways import",
      "packages/serial/src/breach.ts",
      'export { x } from "@espx/ota";\n',
      "the cli wires packages together",
    ],
    [
      "a simulator that looks up",
      "packages/sim/src/breach.ts",
      'export { x } from "@espx/serial";\n',
      "layers 1 and 2 only",
    ],
    [
      "the simulator outside ports",
      "packages/cli/src/jobs/breach.ts",
      'export { x } from "@espx/sim";\n',
      "packages/cli/src/ports",
    ],
    [
      "a Node module on a pure layer",
      "packages/serial/src/breach.ts",
      'export { x } from "node:fs";\n',
      "layers 1 and 2",
    ],
    [
      "a timer on a pure layer",
      "packages/ota/src/breach.ts",
      "export const x = () => setTimeout(() => 0, 1);\n",
      "take a Clock",
    ],
    [
      "a source that sees the testsuite",
      "packages/cli/src/breach.ts",
      'export { x } from "../../../testsuite/programs.ts";\n',
      "no-restricted-imports",
    ],
    [
      "a floating promise",
      "packages/cli/src/breach.ts",
      "async function f() {}\nexport const g = () => {\n  f();\n};\n",
      "no-floating-promises",
    ],
    ["a print outside output", "packages/cli/src/jobs/breach.ts", 'console.log("x");\nexport {};\n', "no-console"],
  ])("%s", (_, file, source, words) => {
    const { status, output } = lint(file, source);
    expect(output).toContain(words);
    expect(status).toBe(1);
  });

  test("a Node type on a pure layer", () => {
    const source = "export const x: Buffer | undefined = undefined;\n";
    const { status, output } = breach("packages/proto/src/breach.ts", source, "tsc", ["-b", "packages/proto"]);
    expect(output).toContain("Buffer");
    expect(status).not.toBe(0);
  });

  test("an upward import, also in the compiler's eyes", () => {
    const source = 'export { plan } from "@espx/ota";\n';
    const { status, output } = breach("packages/proto/src/breach.ts", source, "tsc", ["-b", "packages/proto"]);
    expect(output).toContain("TS2307");
    expect(status).not.toBe(0);
  });

  test("an export that nobody uses", () => {
    writeFileSync(join(copy, "testsuite", "breach.ts"), "export const used = 1;\nexport const lonely = 2;\n");
    const source = 'import { used } from "./breach.ts";\nvoid used;\n';
    const { status, output } = breach("testsuite/breach.test.ts", source, "knip", ["--include", "exports"]);
    rmSync(join(copy, "testsuite", "breach.ts"));
    expect(output).toContain("lonely  ");
    expect(output).not.toContain("used  ");
    expect(status).not.toBe(0);
  });
});

test("the rules accept the workspace as it stands", () => {
  const types = spawnSync(join(copy, "node_modules", ".bin", "tsc"), ["-b"], { cwd: copy, encoding: "utf8" });
  expect(types.stdout).toBe("");
  const { status, output } = breach("packages/cli/src/untouched.txt", "", "oxlint", ["--type-aware", "packages"]);
  expect(output).toContain("0 errors");
  expect(status).toBe(0);
});
