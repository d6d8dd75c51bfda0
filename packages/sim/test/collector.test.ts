import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packAssets } from "../build/assets.ts";
import { buildBrokenCollector } from "../build/interpreter.ts";
import { assetNames } from "../src/asset-files.ts";
import { outputOf } from "./board-fixture.ts";

/** Programs that hold objects in every way; each prints what it computed. */
const programs: Readonly<Record<string, string>> = {
  json: `
import json
value = {"list": [{"n": i, "text": str(i) * 5, "deep": [[i], [str(i)]]} for i in range(30)], "none": None, "real": 1.5}
for _ in range(4):
    value = json.loads(json.dumps(value))
print(json.dumps(value["list"][29]), len(json.dumps(value)))`,
  "regular expressions": `
import re
text = " ".join("key%d=value%d;" % (i, i * 7) for i in range(25))
print(re.sub("key([0-9]+)", lambda m: "<" + m.group(1) + str(len(m.group(0) * 3)) + ">", text)[-60:])
found = [re.match("(k.y)([0-9]+)=(.*)", part) for part in text.split("; ")]
print([m.group(1) + m.group(2) + m.group(3) for m in found][-2:])`,
  struct: `
import struct
packed = b"".join(struct.pack("<HI6sd", i, i * i, ("s%d" % i).encode(), i / 4) for i in range(40))
size = struct.calcsize("<HI6sd")
rows = [struct.unpack("<HI6sd", packed[at:at + size]) for at in range(0, len(packed), size)]
print(sum(row[1] for row in rows), rows[-1])`,
  classes: `
class Node:
    def __init__(self, name, *children, **more):
        self.name, self.children, self.more = name, list(children), more
    def __repr__(self):
        return "%s(%s)" % (self.name, ",".join(repr(child) for child in self.children))
    def __eq__(self, other):
        return repr(self) == repr(other)
    @property
    def depth(self):
        return 1 + max([child.depth for child in self.children] or [0])
class Leaf(Node):
    def __init__(self, value):
        super().__init__("leaf" + str(value), kind="leaf")
tree = Leaf(0)
for i in range(12):
    tree = Node("n" + str(i), tree, Leaf(i), more=str(i))
print(tree, tree.depth, tree == tree, tree == Leaf(1))`,
  generators: `
def numbers(n):
    for i in range(n):
        got = yield [i, str(i)]
        if got:
            yield got * 2
def chain(*parts):
    for part in parts:
        yield from part
gen = numbers(5)
print(next(gen), gen.send("ab"), list(chain(numbers(20), (x * "z" for x in range(5))))[-6:])
print(sum(len(pair[1]) for pair in numbers(300)), dict(zip("abc", map(lambda p: p[0], numbers(3)))))`,
  exceptions: `
def deep(n):
    try:
        if n == 0:
            raise ValueError("at", [str(i) for i in range(5)])
        deep(n - 1)
    except ValueError as error:
        held = [str(n)] * 3
        raise ValueError(error.args[0], error.args[1] + held[:1])
    finally:
        text = "finally" + str(n)
for _ in range(5):
    try:
        deep(8)
    except ValueError as error:
        last = error
print(last)
class Bag:
    def __enter__(self):
        return bytearray(b"bag" * 10)
    def __exit__(self, kind, value, trace):
        return str(value) == "'x'" or True
for i in range(20):
    with Bag() as bag:
        bag.extend(str(i).encode())
        {}["x" + str(i)]
print(bytes(bag[-4:]))`,
  bytearrays: `
data = bytearray()
for i in range(200):
    data.extend(bytes([i % 256]) * (i % 7))
    data += ("%02x" % i).encode()
view = memoryview(data)
print(len(data), sum(view[10:200]), bytes(view[100:110]), bytes(reversed(data))[:8], data.find(b"c7"), data.split(b"7f")[1][:6])`,
  closures: `
def adder(n):
    kept = [str(n)] * 4
    def add(x, *more, factor=2):
        nonlocal n
        n += x * factor
        return (n, kept[n % 4], more)
    return add
adders = [adder(i) for i in range(15)]
print([add(i, str(i), factor=i) for i, add in enumerate(adders)][-2:], sum(add(1)[0] for add in adders))`,
  "big integers": `
a, b = 1, 1
for _ in range(300):
    a, b = b, a + b
n = 3 ** 200
print(a, n % (2 ** 61 - 1), pow(7, n, 10 ** 20 + 39), int(str(n)[5:40]) * n // 12345, hex(a), n.to_bytes(64, "little")[:5])`,
  sorting: `
words = ["%d-%s" % ((i * 7919) % 101, chr(97 + i % 26) * (i % 5)) for i in range(80)]
print(sorted(words, key=lambda w: (len(str(bytearray(w.encode()))), w))[:3], min(words), max(words, key=lambda w: [len(w), w]))
words.sort(key=lambda w: list(reversed(w.encode())), reverse=True)
print(words[:3], sorted(set(words))[-2:])`,
  "building of text": `
text = ""
for i in range(150):
    text += "{:>4}|{!r:<6}|{:.2f}".format(i, str(i), i / 3) if i % 2 else f"{i:04x}" + "%s-%r" % ([i], "q")
print(len(text), text[-50:], text.replace("|", "").upper().count("X"), " ".join(text.split("|")[:5]), text.encode()[-8:])`,
  collections: `
from collections import OrderedDict, deque, namedtuple
P = namedtuple("P", ("x", "name"))
d = OrderedDict((str(i), P(i, "p" + str(i))) for i in range(60))
q = deque((), 20)
for key, value in d.items():
    q.append((value.name + key, {key: [value]}))
print(list(d.values())[-1], [q.popleft()[0] for _ in range(3)], {k: v.x for k, v in d.items() if v.x % 20 == 0}, {i // 2 for i in range(9)})`,
  compiling: `
for i in range(15):
    space = {}
    exec("def f(a, b=%d):\\n    c = [x * b for x in range(a)]\\n    return {str(k): lambda: k for k in c}\\nresult = sorted(f(5))" % i, space)
print(space["result"], eval("[i ** 2 for i in range(5)] + list(map(str, (1, 2)))"))`,
  "files and digests": `
import hashlib, binascii, os
for i in range(6):
    with open("/f%d" % i, "w") as file:
        file.write("line %d\\n" % i * 20)
digest = hashlib.sha256()
for name in sorted(os.listdir("/")):
    if name[0] == "f":
        with open("/" + name) as file:
            for line in file:
                digest.update(line.strip().encode())
print(binascii.hexlify(digest.digest()), os.stat("/f5")[6])`,
};

const stressed = (program: string): string => `import gc\ngc.threshold(200)\n${program}\n`;

describe("a collection every few allocations", () => {
  it.each(Object.keys(programs))(
    "changes nothing that a program computes: %s",
    async (name) => {
      const program = programs[name] as string;
      const calm = await outputOf(program, { quietMs: 60_000 });
      expect(calm.length).toBeGreaterThan(20);
      expect(calm).not.toContain("Traceback");
      expect(await outputOf(stressed(program), { quietMs: 60_000 })).toBe(calm);
    },
    120_000,
  );
});

describe("the control: an interpreter that keeps pointers where its collector does not look", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "espx-collector-"));
    await packAssets(folder);
    const { wasm, layout } = await buildBrokenCollector();
    await writeFile(join(folder, assetNames.wasm), wasm);
    await writeFile(join(folder, assetNames.layout), JSON.stringify(layout));
  }, 180_000);
  afterAll(() => rm(folder, { recursive: true }));

  it("is found by these programs", async () => {
    let found = 0;
    for (const program of Object.values(programs)) {
      if (found > 3) break;
      const calm = await outputOf(program, { quietMs: 60_000 });
      const broken = outputOf(stressed(program), { assets: folder, quietMs: 2_000 });
      if ((await broken.catch((error: unknown) => String(error))) !== calm) found++;
    }
    expect(found).toBeGreaterThan(3);
  }, 120_000);
});
