import { describe, expect, it } from "vitest";
import { startBoard } from "./board-fixture.ts";

const banner =
  'MicroPython v1.27.0 on 2025-12-09; Generic ESP32 module with ESP32\r\nType "help()" for more information.\r\n>>> ';
const rawGreeting = "raw REPL; CTRL-B to exit\r\n>";

describe("the friendly prompt", () => {
  it("greets after the ROM's text as an ESP32 does", async () => {
    await using fixture = await startBoard();
    const text = fixture.take();
    expect(text).toMatch(/^ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 \(POWERON_RESET\),boot:0x13/);
    expect(text.endsWith(`entry 0x400805cc\r\n${banner}`)).toBe(true);
  });

  it("echoes and evaluates", async () => {
    await using fixture = await startBoard();
    fixture.take();
    expect(await fixture.ask("1+2\r")).toBe("1+2\r\n3\r\n>>> ");
    expect(await fixture.ask("1/0\r")).toBe(
      '1/0\r\nTraceback (most recent call last):\r\n  File "<stdin>", line 1, in <module>\r\n' +
        "ZeroDivisionError: divide by zero\r\n>>> ",
    );
  });

  it("takes a line back on Ctrl-C", async () => {
    await using fixture = await startBoard();
    fixture.take();
    expect(await fixture.ask("abc\x03")).toBe("abc\r\n>>> ");
  });

  it("has paste mode", async () => {
    await using fixture = await startBoard();
    fixture.take();
    expect(await fixture.ask("\x05")).toBe("\r\npaste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== ");
    expect(await fixture.ask("for i in range(2):\r  print(i)\r\x04")).toBe(
      "for i in range(2):\r\n===   print(i)\r\n=== \r\n0\r\n1\r\n>>> ",
    );
  });

  it("greets again on Ctrl-B and moves the cursor on Ctrl-A and Ctrl-B within a line", async () => {
    await using fixture = await startBoard();
    fixture.take();
    expect(await fixture.ask("\x02")).toBe(`\r\n${banner}`);
    await fixture.ask("2\x01" + "4\r");
    expect(await fixture.ask("_\r")).toBe("_\r\n42\r\n>>> ");
  });

  it("soft-resets on Ctrl-D, running boot.py and main.py again", async () => {
    await using fixture = await startBoard({ files: { "boot.py": "print('boot')" }, main: "print('main')" });
    fixture.take();
    expect(await fixture.ask("\x04")).toBe(`\r\nMPY: soft reboot\r\nboot\r\nmain\r\n${banner}`);
  });
});

describe("the raw prompt", () => {
  it("runs code between OK and two Ctrl-D", async () => {
    await using fixture = await startBoard();
    fixture.take();
    expect(await fixture.ask("\x01")).toBe(`\r\n${rawGreeting}`);
    expect(await fixture.ask("print('a')\x04")).toBe("OKa\r\n\x04\x04>");
    expect(await fixture.ask("x=\x04")).toBe(
      'OK\x04Traceback (most recent call last):\r\n  File "<stdin>", line 1\r\nSyntaxError: invalid syntax\r\n\x04>',
    );
    expect(await fixture.ask("\x01")).toBe(rawGreeting);
    expect(await fixture.ask("dropped\x03print(1)\x04")).toBe("OK1\r\n\x04\x04>");
    expect(await fixture.ask("\x02")).toBe(`\r\n${banner}`);
  });

  it("stays raw over a soft reset and leaves main.py out", async () => {
    await using fixture = await startBoard({ files: { "boot.py": "print('boot')" }, main: "print('main')" });
    await fixture.ask("\x01");
    expect(await fixture.ask("\x04")).toBe(`OK\r\nMPY: soft reboot\r\nboot\r\n${rawGreeting}`);
  });

  it("forgets names at a soft reset and keeps them between commands", async () => {
    await using fixture = await startBoard();
    await fixture.ask("\x01x=5\x04");
    expect(await fixture.ask("print(x)\x04")).toBe("OK5\r\n\x04\x04>");
    await fixture.ask("\x04");
    expect(await fixture.ask("print(x)\x04")).toContain("NameError");
  });
});

describe("raw-paste mode", () => {
  it("grants two windows of 128 bytes, more as they are used, and ends with Ctrl-D", async () => {
    await using fixture = await startBoard();
    await fixture.ask("\x01");
    expect(await fixture.ask("\x05A\x01")).toBe("R\x01\x80\x00\x01");
    const code = `#${"x".repeat(298)}\nprint('pasted')\n`;
    expect(await fixture.ask(code)).toBe("\x01\x01");
    expect(await fixture.ask("\x04")).toBe("\x04pasted\r\n\x04\x04>");
  });

  it("is given up on Ctrl-C", async () => {
    await using fixture = await startBoard();
    await fixture.ask("\x01");
    await fixture.ask("\x05A\x01");
    expect(await fixture.ask("print(1)\x03")).toBe("\x04\x04KeyboardInterrupt: \r\n\x04>");
    expect(await fixture.ask("print(2)\x04")).toBe("OK2\r\n\x04\x04>");
  });
});
