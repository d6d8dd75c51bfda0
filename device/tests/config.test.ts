import fc from "fast-check";
import { parseConfigText } from "@espx/proto";
import { afterEach, describe, expect, it } from "vitest";
import { closeWorlds, runScript } from "./harness.ts";

afterEach(closeWorlds);

/** What the device reads from each text, as [section, key, value] sorted. */
async function readOnDevice(texts: readonly string[]): Promise<(readonly [string, string, string | null])[][]> {
  const lines = await runScript(
    `
import json
from espx.config import Config
for text in json.load(open("/texts.json")):
    with open("/one.txt", "w") as file: file.write(text)
    sections = Config().read_file("/one.txt").sections
    print(json.dumps([[s, k, v] for s, keys in sections.items() for k, v in keys.items()]))`,
    60_000,
    { "/texts.json": JSON.stringify(texts) },
  );
  return lines.map((line) => sorted(JSON.parse(line) as [string, string, string | null][]));
}

const sorted = <T>(entries: readonly T[]): T[] =>
  [...entries].sort((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1));

/** What the tools read from the same text. */
function readByTools(text: string): (readonly [string, string, string | null])[] {
  const last = new Map<string, readonly [string, string, string | null]>();
  for (const { section, key, value } of parseConfigText(text)) last.set(`${section}\n${key}`, [section, key, value]);
  return sorted([...last.values()]);
}

describe("config", () => {
  it("E11 reads the original form: two tokens, None, and the last line wins", async () => {
    const [entries] = await readOnDevice(["ssid home\n\nlonely\npassword None\n  mqttname d1  \nssid house\n"]);
    expect(entries).toEqual(
      sorted([
        ["", "ssid", "house"],
        ["", "password", null],
        ["", "mqttname", "d1"],
      ]),
    );
  });

  it("E12 reads values with spaces, comments and sections", async () => {
    const [entries] = await readOnDevice([
      "# Wi-Fi\nssid my home net\r\npassword  a # b\n[led]\npin 4\n #pin 5\n[net]\nssid other\n[bad name]\nx y\n",
    ]);
    expect(entries).toEqual(
      sorted([
        ["", "ssid", "my home net"],
        ["", "password", "a # b"],
        ["led", "pin", "4"],
        ["net", "ssid", "other"],
        ["net", "x", "y"],
        ["net", "[bad", "name]"],
      ]),
    );
  });

  it("E11 reads any text as the tools do", async () => {
    const line = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc
        .tuple(fc.constantFrom("key", "ssid", "#", "[a", "x"), fc.constantFrom(" ", "  ", "\t"), fc.string())
        .map((parts) => parts.join("")),
      fc.constantFrom("[led]", "[a b]", "[]", "[[x]]", " [led] ", "[led] x", "a None", "a None ", "#", "a\rb c"),
    );
    const texts = fc.sample(
      fc.array(line, { maxLength: 8 }).map((lines) => lines.join("\n")),
      { numRuns: 300, seed: 7 },
    );
    const plain = texts.filter((text) => /^[\t\n\r\x20-\x7e]*$/.test(text));
    expect(plain.length).toBeGreaterThan(150);
    expect(await readOnDevice(plain)).toEqual(plain.map(readByTools));
  });

  it("E12 looks in the component's section first, then above all sections", async () => {
    const lines = await runScript(
      `
from espx.config import Config
config = Config().read(["rate 1", "pin None", "[led]", "rate 5"])
led, other = config.section("led"), config.section("other")
print(led.get("rate"), other.get("rate"), led.get("pin"), led.get("none", "default"))`,
      1000,
    );
    expect(lines).toEqual(["5 1 None default"]);
  });

  it("E12 complains about a number that is none or out of range, and uses the default", async () => {
    const lines = await runScript(
      `
from espx.config import Config
c = Config().read(["a x1", "b 99", "c 7", "d nan", "e 1.5", "f inf", "g None", "w 0", "x 1", "y yes", "z None"]).section("")
print([c.integer(k, 3, 0, 10) for k in "abcg"], [c.number(k, 3, 0, 10) for k in "defgh"], c.ms("e", 0), c.ms("h", 0.25))
print([c.flag(k) for k in "wxyzv"])`,
      1000,
    );
    expect(lines).toEqual([
      "config: a x1 is not in 0..10, using 3",
      "config: b 99 is not in 0..10, using 3",
      "config: d nan is not in 0..10, using 3",
      "config: f inf is not in 0..10, using 3",
      "[3, 3, 7, 3] [3, 1.5, 3, 3, 3] 1500 250",
      "[False, True, True, False, False]",
    ]);
  });
});
