import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FlashStore } from "../../src/flash/flash-store.ts";
import { outputOf, programText, startBoard, type FixtureOptions } from "../board-fixture.ts";

const attempt = `
import os
def attempt(act, *args):
    try:
        print(act(*args))
    except OSError as error:
        print("errno", error.errno)
`;

const lines = async (main: string, options: FixtureOptions & { readonly ms?: number } = {}): Promise<string[]> =>
  (await outputOf(attempt + main, options)).trimEnd().split("\r\n");

const text = (content: Uint8Array | undefined): string | undefined => content && new TextDecoder().decode(content);

describe("files on the board", () => {
  it("are written, appended, changed in the middle and read", async () => {
    const main = `
with open("/f", "w") as f: print(f.write("0123456789"), f.tell())
with open("f", "a") as f: print(f.tell(), f.write("ab"), f.tell())
with open("/f", "r+b") as f:
    f.seek(4); f.write(b"XY"); print(f.read(2), f.seek(-2, 2), f.read())
with open("/f", "rb") as f: print(f.read(3), f.seek(8), f.read(), f.read())
with open("/f", "wb") as f: f.seek(3); f.write(b"z")
print(open("/f", "rb").read())
for line in open("/main.py"): first = line; break
print(len(first))
`;
    expect(await lines(main)).toEqual([
      "10 10",
      "0 2 12",
      "b'67' 10 b'ab'",
      "b'012' 8 b'89ab' b''",
      "b'\\x00\\x00\\x00z'",
      "1",
    ]);
  });

  it("are listed with types and sizes, and nothing of the host is there", async () => {
    const main = `
os.mkdir("/lib")
with open("/lib/x.py", "w") as f: f.write("12345")
open("/b", "w").close()
print(os.listdir("/"), os.listdir("lib"), os.getcwd())
print(list(os.ilistdir("/lib")), [e[:3] for e in os.ilistdir("/")])
print(os.stat("/lib/x.py")[0] == 0x8000, os.stat("/lib/x.py")[6], os.stat("lib")[0] == 0x4000)
os.chdir("/lib"); print(os.getcwd(), os.listdir(), open("x.py").read())
for name in ("/dev", "/proc", "/tmp", "/home", "/dev/null", "/.firmware"): attempt(os.stat, name)
`;
    const printed = await lines(main);
    expect(printed.slice(0, 4)).toEqual([
      "['b', 'lib', 'main.py'] ['x.py'] /",
      "[('x.py', 32768, 0, 5)] [('b', 32768, 0), ('lib', 16384, 0), ('main.py', 32768, 0)]",
      "True 5 True",
      "/lib ['x.py'] 12345",
    ]);
    expect(printed.slice(4)).toEqual(Array(6).fill("errno 2"));
  });

  it("raise the numbers that a chip raises", async () => {
    const main = `
os.mkdir("/d"); open("/d/f", "w").close(); open("/g", "w").close()
attempt(open, "/none"); attempt(os.remove, "/none"); attempt(os.listdir, "/none"); attempt(os.rename, "/none", "/x")
attempt(os.mkdir, "/d"); attempt(open, "/d"); attempt(os.rmdir, "/d"); attempt(open, "/g/f"); attempt(os.mkdir, "/n/m")
attempt(os.rename, "/d", "/d/e"); attempt(os.rename, "/g", "/d"); attempt(os.chdir, "/g"); attempt(os.mkdir, "/")
`;
    expect(await lines(main)).toEqual(
      [2, 2, 2, 2, 17, 21, 39, 20, 2, 22, 21, 20, 17].map((number) => `errno ${number}`),
    );
  });

  it("are full at their capacity, and say so", async () => {
    const main = `
before = os.statvfs("/")
print(before[:3], before[3] <= before[2], before[9])
f = open("/big", "wb")
block = bytes(4096)
count = 0
try:
    while True:
        f.write(block); count += 1
except OSError as error: print(error.errno)
f.close()
print(count, os.stat("/big")[6] == count * 4096, os.statvfs("/")[3])
os.remove("/big")
print(os.statvfs("/")[3] == before[3])
`;
    expect(await lines(main, { flashBytes: 64 * 4096 })).toEqual([
      "(4096, 4096, 64) True 255",
      "28",
      "61 True 0",
      "True",
    ]);
  });

  it("are full when the fault says so", async () => {
    await using fixture = await startBoard();
    fixture.board.fault({ kind: "flash-full", freeBytes: 0 });
    fixture.take();
    expect(await fixture.ask("import os; os.statvfs('/')[3]\r")).toContain("\r\n0\r\n");
    expect(await fixture.ask("open('/f','w').write('x'*5000)\r")).toContain("OSError: 28");
    fixture.board.fault({ kind: "flash-full", freeBytes: null });
    expect(await fixture.ask("open('/f','w').write('x'*5000)\r")).toContain("5000");
  });

  it("show new content to others only when it is safe", async () => {
    const main = `
with open("/f", "w") as f: f.write("old")
f = open("/f", "w")
f.write("newer")
print(open("/f").read(), os.stat("/f")[6])
f.flush(); os.sync()
print(open("/f").read())
f.close()
print(open("/f").read(), os.stat("/f")[6])
`;
    expect((await lines(main)).at(-1)).toBe("newer 5");
    expect((await lines(main))[0]).toBe("old 3");
  });

  it("lose with a reset what was not closed, keep with a soft reset what was open", async () => {
    await using fixture = await startBoard({ files: { "/f": "old" } });
    await fixture.ask("f = open('/f', 'w'); f.write('soft')\r");
    await fixture.ask("\x04", 100);
    expect(text(fixture.board.flash.read("/f"))).toBe("soft");
    await fixture.ask("f = open('/f', 'w'); f.write('hard')\r");
    await fixture.board.reset();
    expect(text(fixture.board.flash.read("/f"))).toBe("soft");
    expect(await fixture.ask("open('/f').read()\r")).toContain("'soft'");
  });

  it("can be put and taken from outside while a program runs", async () => {
    await using fixture = await startBoard();
    fixture.board.flash.write("/in/put.py", "value = 7");
    await fixture.ask("import sys; sys.path.append('/in')\r");
    expect(await fixture.ask("import put; put.value\r")).toContain("7");
    fixture.board.flash.remove("/in/put.py");
    expect(await fixture.ask("open('/in/put.py')\r")).toContain("ENOENT");
  });

  it("keep their times in order", async () => {
    const main = `
import time
open("/a", "w").close(); time.sleep(3); open("/b", "w").close()
print(os.stat("/b")[8] - os.stat("/a")[8])
`;
    expect(await lines(main, { ms: 5000 })).toEqual(["3"]);
  });
});

describe("a power cut", () => {
  const main = `
for n in range(1000):
    with open("/new", "w") as f: f.write("version %d " % n + "x" * 20)
    import os
    os.rename("/new", "/file")
`;

  it("happens at exactly the operation it is armed for, clean or torn, and the file is whole", async () => {
    for (const [operation, torn] of [[1], [2], [2, 5], [3, 1], [4], [5], [6, 3], [8], [37, 9]] as const) {
      await using fixture = await startBoard({ files: { "/file": "version 0 " }, fileSystem: "littlefs" });
      const cut = fixture.board.cutAt(operation, torn);
      await fixture.ask("\x01");
      await fixture.type(`${main}\x04`);
      await fixture.world.advance(100);
      await cut;
      expect(fixture.board.running).toBe(false);
      expect(fixture.board.flash.journal).toHaveLength(operation - 1);
      expect(text(fixture.board.flash.read("/file"))).toMatch(/^version \d+ (x{20})?$/);
      expect(fixture.events.at(-1)).toMatchObject({ kind: "off", why: "cut" });
      await fixture.board.powerOn();
      fixture.take();
      expect(await fixture.ask("\x02open('/file').read()[:8]\r")).toContain("'version '");
    }
  });

  it("leaves what its journal says, at each prefix", async () => {
    await using fixture = await startBoard({ files: { "/file": "version 0 " } });
    const initial = fixture.board.flash.snapshot();
    fixture.board.flash.clearJournal();
    await fixture.ask("\x01");
    await fixture.type(`${main.replace("1000", "5")}\x04`);
    await fixture.world.advance(100);
    const { journal } = fixture.board.flash;
    expect(journal.map(({ kind }) => kind).slice(0, 4)).toEqual(["create", "write", "close", "rename"]);
    expect(FlashStore.replay(initial, journal, { upTo: journal.length }).files()).toEqual(fixture.board.flash.files());
    for (let upTo = 0; upTo < journal.length; upTo++) {
      for (const tornBytes of [undefined, 0, 7]) {
        const store = FlashStore.replay(initial, journal, { upTo, ...(tornBytes !== undefined && { tornBytes }) });
        expect(text(store.read("/file"))).toBe(
          upTo < 4 ? "version 0 " : `version ${Math.floor(upTo / 4) - 1} ${"x".repeat(20)}`,
        );
      }
    }
  });

  it("can lose a name on FAT", async () => {
    await using fixture = await startBoard({ files: { "/file": "old", "/new": "new" }, fileSystem: "fat" });
    const cut = fixture.board.cutAt(1, 0);
    await fixture.type("import os; os.rename('/new', '/file')\r");
    await fixture.world.advance(100);
    await cut;
    expect([...fixture.board.flash.files().keys()]).toEqual(["/new"]);
  });

  it("stops a program that never waits, in real time too", async () => {
    await using fixture = await startBoard({
      mode: "real",
      main: "print('ready end')\nn = 0\nwhile True:\n    n += 1\n    open('/f', 'w').write(str(n))\n",
    });
    await fixture.waitFor("ready");
    await fixture.board.cutAt(50, 1);
    expect(fixture.board.running).toBe(false);
  });
});

describe("esp32.NVS", () => {
  it("keeps numbers and bytes from commit on, one operation a key", async () => {
    await using fixture = await startBoard({
      main: `
import esp32
n = esp32.NVS("space")
n.set_i32("count", -7)
n.set_blob("bytes", b"a\\0b")
n.set_i32("other", 1)
print(n.get_i32("count"), esp32.NVS("space").get_i32("count"))
n.commit()
n.set_i32("count", 8)
n.erase_key("other")
n.erase_key("bytes")
`,
    });
    await fixture.world.advance(10);
    expect(programText(fixture.take())).toBe("-7 -7\r\n");
    expect(fixture.board.flash.journal.map(({ kind }) => kind)).toEqual(["nvs", "nvs", "nvs"]);
    await fixture.board.reset();
    const again = `
import esp32
n = esp32.NVS("space"); b = bytearray(5)
print(n.get_blob("bytes", b), b, n.get_i32("other"))
`;
    fixture.board.flash.write("/main.py", again);
    await fixture.board.powerOff();
    await fixture.board.powerOn();
    fixture.take();
    await fixture.world.advance(10);
    expect(fixture.board.flash.store.nvs.get("space", "count")).toBe(-7);
  });

  it("raises the numbers of ESP-IDF", async () => {
    const main = `
import esp32
n = esp32.NVS("space")
n.set_i32("i", 1); n.set_blob("b", b"12345")
attempt(n.get_i32, "none"); attempt(n.get_blob, "none", bytearray(1)); attempt(n.erase_key, "none")
attempt(n.get_i32, "b"); attempt(n.get_blob, "i", bytearray(9)); attempt(n.get_blob, "b", bytearray(2))
attempt(n.set_i32, "k" * 16, 1); attempt(esp32.NVS, "s" * 16); attempt(n.set_i32, "k" * 15, 1)
try: n.get_i32("none")
except OSError as error: print(error)
`;
    expect(await lines(main)).toEqual([
      ...[0x1102, 0x1102, 0x1102, 0x1103, 0x1103, 0x110c, 0x1109, 0x1109].map((number) => `errno -${number}`),
      "None",
      "(-4354, 'ESP_ERR_NVS_NOT_FOUND')",
    ]);
  });
});

describe("a board's state file", () => {
  it("brings files and NVS into the next run", async () => {
    const stateFile = join(mkdtempSync(join(tmpdir(), "espx-board-")), "board.flash");
    {
      await using fixture = await startBoard({
        stateFile,
        main: "import esp32\nwith open('/kept', 'w') as f: f.write('yes')\nn = esp32.NVS('n')\nn.set_i32('k', 5)\nn.commit()\n",
      });
      await fixture.world.advance(10);
    }
    await using fixture = await startBoard({ stateFile, main: "not used" });
    expect(text(fixture.board.flash.read("/kept"))).toBe("yes");
    expect(fixture.board.flash.store.nvs.get("n", "k")).toBe(5);
  });
});
