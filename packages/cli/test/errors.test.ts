import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { goldenFile } from "./_golden.ts";

interface CodeRow {
  readonly class: string;
  readonly meaning: string;
}

const packages = fileURLToPath(new URL("../../", import.meta.url));
const exits: Readonly<Record<string, string>> = {
  InternalError: "1",
  UsageError: "2",
  ConfigError: "3",
  NotFoundError: "4",
  BusyError: "5",
  LinkError: "6",
  VerifyError: "7",
  DeviceError: "8",
  PartialError: "9",
  RefusedError: "10",
  ProtocolError: "11",
  PermissionError: "12",
  CanceledError: "130, 143",
};

const sources = readdirSync(packages)
  .filter((name) => readdirSync(join(packages, name)).includes("src"))
  .flatMap((name) =>
    readdirSync(join(packages, name, "src"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => join(packages, name, "src", file)),
  );

async function allCodes(): Promise<ReadonlyMap<string, CodeRow>> {
  const codes = new Map<string, CodeRow>();
  for (const file of sources.filter((path) => path.endsWith("/codes.ts"))) {
    const module = (await import(file)) as Record<string, Record<string, CodeRow>>;
    for (const [code, row] of Object.values(module).flatMap((table) => Object.entries(table))) {
      if (codes.has(code)) throw new Error(`${code} is declared twice`);
      codes.set(code, row);
    }
  }
  return codes;
}

const intro = `# Errors

Every error that espx throws on purpose has a class, which fixes the exit code and says whose move it is; a code, which is permanent; a message; and a
hint that says what to do. With \`--json\` they stand in the \`error\` event, see [events.md](events.md). Match codes, never texts.

| exit | class | meaning | worth a retry |
|---|---|---|---|
| 0 | | done | |
| 1 | InternalError | a bug in espx: prints its stack | no |
| 2 | UsageError | the command line is wrong | no |
| 3 | ConfigError | a file is wrong; has file, line and column | no |
| 4 | NotFoundError | a port, device, profile or image was not found | no |
| 5 | BusyError | in use; names the holder | yes |
| 6 | LinkError | cannot be reached, was lost, or was silent too long | yes |
| 7 | VerifyError | a hash, signature, size or version differs | never |
| 8 | DeviceError | code on the device raised | by code |
| 9 | PartialError | some of several devices failed | |
| 10 | RefusedError | refused for safety | no |
| 11 | ProtocolError | bytes break the specification | no |
| 12 | PermissionError | not permitted; names the fix | no |
| 130, 143 | CanceledError | interrupted, terminated; a closed pipe ends quietly with 0 | |

## Codes

| code | class | exit | meaning |
|---|---|---|---|
`;

test("docs/errors.md lists every code with its class, exit code and meaning", async () => {
  const codes = [...(await allCodes())].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const rows = codes.map(
    ([code, row]) => `| \`${code}\` | ${row.class} | ${exits[row.class]} | ${row.meaning.replaceAll("|", "\\|")} |\n`,
  );
  const text = intro + rows.join("");
  expect(text).toBe(goldenFile("docs/errors.md", text));
});

test("every code that a package throws is declared, with its class", async () => {
  const codes = await allCodes();
  const wrong: string[] = [];
  for (const file of sources) {
    const text = readFileSync(file, "utf8");
    for (const [, name = "", code = ""] of text.matchAll(/new (\w+Error)\(\s*"([a-z0-9]+\/[a-z0-9-]+)"/g)) {
      if (codes.get(code)?.class !== name) wrong.push(`${file}: ${name} ${code}`);
    }
    for (const [, code = ""] of text.matchAll(/"(cli\/[a-z-]+)"/g))
      if (!codes.has(code)) wrong.push(`${file}: ${code}`);
  }
  expect(wrong).toEqual([]);
});

test("every class that a code names exists", async () => {
  for (const [code, row] of await allCodes()) expect(exits, code).toHaveProperty(row.class);
});

test("every code of the command line is used", async () => {
  const text = sources
    .filter((file) => file.includes("/cli/src/") && !file.endsWith("codes.ts"))
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
  const unused = [...(await allCodes()).keys()].filter(
    (code) => code.startsWith("cli/") && !text.includes(`"${code}"`),
  );
  expect(unused).toEqual([]);
});
