import { describe, expect, it } from "vitest";
import { startBoard } from "./board-fixture.ts";

/** What the raw prompt says after a command that raised nothing. */
const rawEnd = "\x04\x04>";

/** Runs `code` on the raw prompt, sends `input` to it, and answers what it printed. */
async function run(code: string, input = ""): Promise<string> {
  await using fixture = await startBoard();
  await fixture.ask("\x01");
  fixture.take();
  await fixture.type(`${code}\x04`);
  await fixture.world.advance(10);
  await fixture.type(input);
  await fixture.world.advance(10);
  const text = fixture.take().replace(/^OK/, "");
  return text.endsWith(rawEnd) ? text.slice(0, -rawEnd.length) : text;
}

describe("input()", () => {
  it("prints its prompt, echoes, and takes back on backspace", async () => {
    expect(await run("print(repr(input('name? ')))", "bob\x7fx\r")).toBe("name? bob\b\x1b[Kx\r\n'box'\r\n");
  });

  it("drops escape sequences", async () => {
    expect(await run("print(repr(input()))", "a\x1b[A\x1b[3~b\r")).toBe("ab\r\n'ab'\r\n");
  });

  it("raises EOFError on Ctrl-D in an empty line", async () => {
    expect(await run("try:\n    input()\nexcept EOFError:\n    print('eof')\n", "\x04")).toBe("eof\r\n");
  });

  it("raises KeyboardInterrupt on Ctrl-C", async () => {
    expect(await run("try:\n    input('? ')\nexcept KeyboardInterrupt:\n    print('stop')\n", "ab\x03")).toBe(
      "? abstop\r\n",
    );
  });
});

describe("sys.stdin", () => {
  it("reads as many characters as asked for, CR as LF", async () => {
    expect(await run("import sys\nprint(repr(sys.stdin.read(3)))", "a\rb")).toBe("'a\\nb'\r\n");
    expect(await run("import sys\nprint(repr(sys.stdin.readline()))", "line\r")).toBe("'line\\n'\r\n");
  });

  it("has a buffer that leaves every byte as it is", async () => {
    const bytes = String.fromCharCode(...[...Array(256).keys()].filter((byte) => byte !== 3));
    const code =
      "import sys\nb = bytearray(255)\nn = sys.stdin.buffer.readinto(b)\nprint(n, sum(b), b[13 - 1], b[10 - 1])\n";
    expect(await run(code, bytes)).toBe(`255 ${(255 * 256) / 2 - 3} 13 10\r\n`);
  });

  it("tells by its ioctl whether there is something to read", async () => {
    const code =
      "import sys, time\nprint(sys.stdin.ioctl(3, 1), sys.stdin.ioctl(3, 4))\ntime.sleep_ms(5)\nprint(sys.stdin.ioctl(3, 1))\nsys.stdin.read(1)\nprint(sys.stdin.ioctl(3, 1))\n";
    await using fixture = await startBoard();
    await fixture.ask("\x01");
    fixture.take();
    await fixture.type(`${code}\x04`);
    await fixture.world.advance(2);
    await fixture.type("x");
    await fixture.world.advance(10);
    expect(fixture.take()).toBe("OK0 4\r\n1\r\n0\r\n\x04\x04>");
  });
});

describe("select on sys.stdin", () => {
  it("waits for input, and no longer than it is told", async () => {
    const code =
      "import select, sys, time\np = select.poll()\np.register(sys.stdin, select.POLLIN)\nprint(p.poll(0), p.poll(3), time.ticks_ms() >= 3)\n" +
      "print([e for _, e in p.poll()])\nprint(sys.stdin.read(1))\n";
    expect(await run(code, "x")).toBe("[] [] True\r\n[1]\r\nx\r\n");
  });
});

describe("sys.stdout", () => {
  it("turns LF into CR LF, and its buffer does not", async () => {
    expect(await run("import sys\nsys.stdout.write('a\\nb')\nsys.stdout.buffer.write(b'c\\nd')\n")).toBe("a\r\nbc\nd");
  });

  it("writes parts of a buffer", async () => {
    expect(
      await run("import sys\nsys.stdout.buffer.write(b'abcdef', 2)\nsys.stdout.buffer.write(b'abcdef', 3, 2)\n"),
    ).toBe("abde");
  });

  it("is binary clean", async () => {
    const all = String.fromCharCode(...Array(256).keys());
    expect(await run("import sys\nn = sys.stdout.buffer.write(bytes(range(256)))\n")).toBe(all);
  });

  it("sends long output whole and in order", async () => {
    const text = await run("for i in range(2000): print(i)\n");
    expect(text).toBe([...Array(2000).keys()].map((i) => `${i}\r\n`).join(""));
  });
});
