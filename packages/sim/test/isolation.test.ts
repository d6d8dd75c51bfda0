import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hostCallNames, outputOf, startBoard } from "./board-fixture.ts";

/** Leads to objects of the host, were there a way: what programs find is printed by its type. */
const findHost = `
import machine, time, sys, os
def table():
    for m in (machine, time, os, sys):
        for n in dir(m):
            f = getattr(m, n)
            g = getattr(f, "__globals__", None)
            if g and "host" in g:
                return g["host"]
    return getattr(machine, "host", None)
host = table()
`;

describe("a program on the board", () => {
  it.each(["js", "jsffi", "_host", "_board", "ujs"])("cannot import %s", async (name) => {
    expect(
      await outputOf(`try:\n    import ${name}\n    print("got it")\nexcept ImportError:\n    print("absent")\n`),
    ).toBe("absent\r\n");
  });

  it("finds no module of the host among those that are loaded", async () => {
    const text = await outputOf(
      "import sys\nprint([m for m in sys.modules if 'host' in m or 'js' in m or m.startswith('_')])\n",
    );
    expect(text).toBe("[]\r\n");
  });

  it("finds the table of host calls only as a thing that has nothing but calls", async () => {
    const text = await outputOf(`${findHost}
print(host is not None)
for thing in (host, host.time_sleep):
    for name in ("constructor", "__proto__", "prototype", "toString", "call", "apply", "bind", "globalThis", "process", "then"):
        try:
            getattr(thing, name)
            print("has", name)
        except AttributeError:
            pass
print("done")
`);
    expect(text).toBe("True\r\ndone\r\n");
  });

  it("can do nothing with it but call", async () => {
    const text = await outputOf(`${findHost}
host.time_sleep = 1
host.evil = 1
print(hasattr(host, "evil"), host.time_sleep is not 1)
print(list(host), "x" in dir(host))
for act in (lambda: host[0], lambda: host["constructor"], lambda: host(1), lambda: host.new(1), lambda: host.time_sleep.new("return process"), lambda: host.time_sleep(0, key=1), lambda: host.console_line(object())):
    try:
        print(type(act()).__name__)
    except Exception as error:
        print(type(error).__name__)
`);
    const answers = text.split("\r\n");
    expect(answers.slice(0, 2)).toEqual(["False True", "[] False"]);
    for (const answer of answers.slice(2, -1)) expect(["NoneType", "AttributeError", "TypeError"]).toContain(answer);
  });

  it("gets plain data from every host call, whatever it passes", async () => {
    await using fixture = await startBoard();
    await fixture.ask("\x01");
    const skip = ["machine_reset", "machine_deepsleep", "machine_watchdog", "console_read", "console_line"];
    const names = await hostCallNames();
    fixture.take();
    await fixture.type(`${findHost}
types = set()
for name in ${JSON.stringify(names.filter((name) => !skip.includes(name)))}:
    for args in ((), (0,), (1, 0), (0, 0, 0), (1.5, -1), (None, None), ([], {}), (1, 2, 3, 4)):
        try:
            types.add(type(getattr(host, name)(*args)).__name__)
        except Exception as error:
            types.add(type(error).__name__)
print("TYPES", sorted(types))
\x04`);
    await fixture.world.advance(1000);
    const text = fixture.take();
    const types = /TYPES \[(.*)\]/.exec(text)?.[1]?.replaceAll("'", "").split(", ") ?? [];
    for (const type of types) expect(["NoneType", "int", "float", "str", "bool", "TypeError"]).toContain(type);
  });

  it("gets exceptions that hold nothing of the host", async () => {
    const text = await outputOf(`
import os, time
for act in (lambda: open("/nowhere"), lambda: os.stat("/x"), lambda: time.sleep_ms("x"), lambda: os.mkdir("/a/b/c")):
    try:
        act()
    except Exception as error:
        print(type(error).__name__, [type(a).__name__ for a in error.args], [n for n in dir(error) if "js" in n or "host" in n])
`);
    expect(text).not.toMatch(/JsProxy|JsException|js|host/);
    expect(text.split("\r\n").filter((line) => line !== "")).toHaveLength(4);
  });

  it("cannot read or write a file of the host", async () => {
    const folder = mkdtempSync(join(tmpdir(), "espx-isolation-"));
    try {
      writeFileSync(join(folder, "secret"), "secret of the host");
      const paths = [
        `${folder}/secret`,
        `/..${folder}/secret`,
        `../../..${folder}/secret`,
        "/etc/passwd",
        "/proc/self/environ",
        "/dev/stdin",
        `//${folder}/secret`,
      ];
      const text = await outputOf(`
import os
for path in ${JSON.stringify(paths)}:
    try:
        print(open(path).read())
    except OSError as error:
        print(error.errno)
try:
    import vfs
    vfs.mount(vfs.VfsPosix("${folder}"), "/host")
    print(os.listdir("/host"))
except OSError as error:
    print("mount", error.errno)
print(os.listdir("/"))
`);
      expect(text).not.toContain("secret of the host");
      expect(text).not.toContain("root:");
      expect(text.split("\r\n").slice(0, paths.length)).toEqual(paths.map(() => "2"));
      expect(text).toContain("'main.py'");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
