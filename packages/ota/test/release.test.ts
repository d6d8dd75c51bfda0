import { readFileSync } from "node:fs";
import { isEspxError } from "@espx/proto";
import { expect, test } from "vitest";
import { buildRelease, describe as summarize, isKept, parseVersionRange, plan } from "../src/index.ts";
import { isInRange } from "../src/version-range.ts";
import { BoardModel, bytesOf, planOf, release, sha256 } from "./board-model.ts";

interface IdCase {
  readonly name: string;
  readonly profile: string;
  readonly files: Readonly<Record<string, string>>;
  readonly id: string;
}
const url = new URL("../../proto/vectors/release-id.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(url, "utf8")) as { cases: readonly IdCase[] };

const source = { profile: "p", sequence: 0, components: [], keep: [], launcher: [], config: null };

test.each(cases)("a release has the id of the vectors: $name", async ({ profile, files, id }) => {
  const list = Object.entries(files).map(([path, text]) => ({ path, bytes: bytesOf(text) }));
  expect((await buildRelease({ ...source, profile, files: list }, sha256)).id).toBe(id);
});

test("a release carries release.json with what the device must know", async () => {
  const built = await release({ components: ["mqtt"], keep: ["data"] });
  const about = built.files.find((file) => file.path === "release.json");
  expect(JSON.parse(new TextDecoder().decode(about?.bytes))).toEqual({
    id: built.id,
    profile: "blinky",
    sequence: 0,
    components: ["mqtt"],
    keep: ["data"],
  });
});

test.each(["/main.py", "../x", "a//b", "", "a/./b", "a\nb"])("a release refuses the path %j", async (path) => {
  const built = buildRelease({ ...source, files: [{ path, bytes: bytesOf("") }] }, sha256);
  await expect(built).rejects.toSatisfy((error) => isEspxError(error, "ota/bad-path"));
});

test("a release refuses two files of one path", async () => {
  const file = { path: "main.py", bytes: bytesOf("") };
  const built = buildRelease({ ...source, files: [file, file] }, sha256);
  await expect(built).rejects.toSatisfy((error) => isEspxError(error, "ota/bad-path"));
});

test.each([
  ["data.txt", "data.txt", true],
  ["data", "data/x/y.json", true],
  ["./data/", "data/x", true],
  ["*.json", "x.json", true],
  ["*.json", "lib/x.json", false],
  ["**/*.json", "x.json", true],
  ["**/*.json", "a/b/x.json", true],
  ["lo?.txt", "log.txt", true],
  ["lo?.txt", "lo/.txt", false],
  ["a+b(c)", "a+b(c)", true],
  ["data", "database", false],
])("the pattern %s on %s answers %s", (pattern, path, kept) => {
  expect(isKept(path, [pattern])).toBe(kept);
});

test.each([
  [">=1.24 <2", [1, 27, 0], true],
  [">=1.24, <1.27", [1, 27, 0], false],
  ["1.27.1", [1, 27, 0], false],
  ["v1.27", [1, 27, 0], true],
  ["<=1.26.9", [1, 27, 0], false],
  [">1.26", [1, 27, 0], true],
] as const)("the range %s holds version %s: %s", (range, version, inside) => {
  expect(isInRange(version, parseVersionRange(range) ?? [])).toBe(inside);
});

test.each(["", "latest", ">= 1", "1.2.3.4", "~1.2"])("%j is not a range", (text) => {
  expect(parseVersionRange(text)).toBeNull();
});

test("a plan can be told as plain data", async () => {
  const board = BoardModel.of({ "/b/x.py": "2" });
  const summary = summarize(
    planOf(
      plan(await release({ files: { "main.py": "1", "x.py": "2" } }), board.inventory(), {
        replaceForeign: false,
        state: "trial",
      }),
    ),
  );
  expect(summary).toMatchObject({
    slot: "a",
    upToDate: false,
    commit: { slot: "a", state: "trial", config: null },
    reset: true,
  });
  expect(summary.copy).toEqual([{ path: "/a/x.py", sizeBytes: 1, from: "/b/x.py" }]);
  expect(summary.send.map((file) => file.path)).toContain("/a/main.py");
  expect(summary.sendBytes).toBe(summary.send.reduce((sum, file) => sum + file.sizeBytes, 0));
});
