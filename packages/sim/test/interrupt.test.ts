import { describe, expect, it } from "vitest";
import { startBoard } from "./board-fixture.ts";

/** Starts a program in real time, waits until it says `ready`, and presses Ctrl-C. */
async function interrupted(main: string): Promise<string> {
  await using fixture = await startBoard({ mode: "real", main });
  await fixture.waitFor("ready");
  fixture.take();
  await fixture.type("\x03");
  await fixture.waitFor(">>> ");
  return fixture.take();
}

describe("Ctrl-C", () => {
  it("ends a loop that never calls the host", async () => {
    const text = await interrupted("print('ready')\nwhile True:\n    pass\n");
    expect(text).toContain('File "main.py", line 3, in <module>\r\nKeyboardInterrupt: \r\n');
  });

  it("ends a sleep", async () => {
    expect(await interrupted("import time\nprint('ready')\ntime.sleep(100)\n")).toContain("KeyboardInterrupt: \r\n");
  });

  it("ends a wait for the console", async () => {
    expect(await interrupted("import sys\nprint('ready')\nsys.stdin.read(1)\n")).toContain("KeyboardInterrupt: \r\n");
  });

  it("ends a wait in select", async () => {
    const main =
      "import select, sys\np = select.poll()\np.register(sys.stdin, select.POLLIN)\nprint('ready')\np.poll()\nprint('on')\n";
    const text = await interrupted(main);
    expect(text).toContain("KeyboardInterrupt: \r\n");
    expect(text).not.toContain("on\r\nMicro");
  });

  it("is raised once", async () => {
    const text = await interrupted(
      "import time\nprint('ready')\ntry:\n    time.sleep(100)\nexcept KeyboardInterrupt:\n    print('caught')\n" +
        "for i in range(1000):\n    time.sleep_ms(0)\nprint('went on')\n",
    );
    expect(text).toMatch(/^caught\r\nwent on\r\nMicroPython/);
  });

  it("ends a loop that never calls the host in virtual time, too", async () => {
    await using fixture = await startBoard({ quietMs: 200, main: "print('ready')\nwhile True:\n    pass\n" });
    await fixture.world.advance(1000);
    fixture.take();
    expect(await fixture.ask("\x03")).toContain("KeyboardInterrupt: \r\n");
    expect(await fixture.ask("1+1\r")).toContain("2\r\n>>> ");
  });

  it("does not outlive the command that it ends", async () => {
    await using fixture = await startBoard({ mode: "real" });
    await fixture.waitFor(">>> ");
    await fixture.type("\x01");
    await fixture.waitFor("raw REPL");
    for (let round = 0; round < 5; round++) {
      fixture.take();
      await fixture.type("print('on')\nwhile True: pass\n\x04");
      await fixture.waitFor("on\r\n");
      await fixture.type("\x03");
      await fixture.waitFor("KeyboardInterrupt: \r\n\x04>");
      fixture.take();
      await fixture.type("print('fine')\x04");
      await fixture.waitFor("\x04\x04>");
      expect(fixture.take()).toBe("OKfine\r\n\x04\x04>");
    }
  });

  it("passes as a byte after kbd_intr(-1)", async () => {
    await using fixture = await startBoard();
    await fixture.ask("\x01");
    const code =
      "import sys, micropython\nmicropython.kbd_intr(-1)\nprint(sys.stdin.buffer.read(3))\nmicropython.kbd_intr(3)\n";
    fixture.take();
    expect(await fixture.ask(`${code}\x04`)).toBe("OK");
    expect(await fixture.ask("a\x03b")).toBe("b'a\\x03b'\r\n\x04\x04>");
  });
});
