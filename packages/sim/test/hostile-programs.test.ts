import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { setTimeout as sleep } from "node:timers/promises";
import { hostCallNames, outputOf, startBoard } from "./board-fixture.ts";

const online = `
import network, socket, time
wlan = network.WLAN(network.STA_IF)
wlan.active(True)
wlan.connect("espx-sim", "espx-sim")
while not wlan.isconnected():
    time.sleep_ms(10)
def attempt(function, *args):
    try:
        print(function(*args))
    except Exception as error:
        print(type(error).__name__, error)
`;

/** Errors that would have ended this process. */
let fatal: unknown[] = [];
const note = (error: unknown): void => void fatal.push(error);

beforeEach(() => {
  fatal = [];
  process.prependListener("uncaughtException", note);
});
afterEach(() => void process.off("uncaughtException", note));

describe("a hostile program", () => {
  it.each(["real", "virtual"] as const)("cannot name what is no name of the network (%s time)", async (mode) => {
    await using fixture = await startBoard({
      mode,
      main: `${online}
for name in ("constructor", "__proto__", "toString", "hasOwnProperty", "", "a\\0b", "x" * 5000):
    try:
        found = socket.getaddrinfo(name, 80)[0][-1][0]
        print("found" if found.count(".") == 3 else found)
    except OSError as error:
        print(error.errno)
print("end")
`,
    });
    if (mode === "virtual") await fixture.world.advance(30_000);
    else await fixture.waitFor("end");
    const lines = fixture.take().split("\r\n");
    for (const line of lines.slice(lines.findIndex((one) => one.startsWith("entry")) + 1, lines.indexOf("end")))
      expect(["-202", "found"]).toContain(line);
    expect(fatal).toEqual([]);
  });

  it("gets an OSError for ports that cannot be, and the host goes on", async () => {
    await using fixture = await startBoard({
      mode: "real",
      main: `${online}
for port in (-1, 65536, 99999, 2 ** 40):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        s = socket.socket(socket.AF_INET, kind)
        attempt(s.connect, ("127.0.0.1", port))
        attempt(s.bind, ("127.0.0.1", port))
        attempt(s.sendto, b"x", ("127.0.0.1", port))
        s.close()
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
attempt(s.sendto, b"x", ("127.0.0.1", 0))
time.sleep_ms(50)
print("end")
`,
    });
    await fixture.waitFor("end");
    const lines = fixture
      .take()
      .split("\r\n")
      .filter((line) => line.startsWith("OSError"));
    expect(lines).toEqual(Array.from({ length: 24 }, () => "OSError -201"));
    expect(fatal).toEqual([]);
  });

  it.each([
    ["prints", "while True: print('x' * 100)"],
    ["prints without line ends", "while True: print('x' * 100, end='')"],
    ["switches a pin", "from machine import Pin\np = Pin(2, Pin.OUT)\nwhile True:\n    p.on()\n    p.off()"],
    ["writes files", "while True:\n    with open('/x', 'w') as f: f.write('x')"],
    ["stores numbers", "from esp32 import NVS\nn = NVS('x')\nwhile True:\n    n.set_i32('a', 1)\n    n.commit()"],
  ])("that %s without end lets virtual time pass, and the host has a bounded amount of it", async (_, main) => {
    await using fixture = await startBoard({ main });
    await fixture.world.advance(1_000);
    expect(fixture.events.length).toBeGreaterThan(500);
    expect(fixture.events.length).toBeLessThan(200_000);
    await fixture.ask("\x03", 100);
    fixture.take();
    expect(await fixture.ask("40 + 2\r", 2_000)).toContain("42");
  });

  it("that prints without end in real time waits for a host that is slow", async () => {
    await using fixture = await startBoard({ mode: "real", main: "while True: print('x' * 100)" });
    await fixture.waitFor("xxx");
    // The host does nothing for a while: nothing may pile up meanwhile.
    const endMs = performance.now() + 500;
    while (performance.now() < endMs);
    const before = fixture.events.length;
    await sleep(50);
    expect(fixture.events.length - before).toBeLessThan(6_000);
  });

  it("that never reads cannot be made to fill the host's memory, and Ctrl-C still reaches it", async () => {
    await using fixture = await startBoard({ mode: "real", main: "print('on')\nwhile True: pass" });
    await fixture.waitFor("on\r\n");
    const piece = new Uint8Array(256 * 1024).fill(85);
    for (let sent = 0; sent < 64; sent++) await fixture.link.write(piece);
    expect(fixture.board.lostSerialBytes).toBeGreaterThan(10 * 1024 * 1024);
    await fixture.type("\x03");
    await fixture.waitFor(">>> ");
    expect(fatal).toEqual([]);
  });

  it.each(["float('inf')", "1.5", "-1", "2 ** 40", "None"])(
    "cannot arm a watchdog with %s, and the board goes on",
    async (timeout) => {
      const text = await outputOf(
        `import machine\ntry:\n    machine.WDT(timeout=${timeout})\nexcept (TypeError, ValueError, OSError) as e:\n    print(type(e).__name__)\n` +
          "try:\n    machine.host.machine_watchdog(1e300)\nexcept OSError:\n    pass\nimport time\ntime.sleep(60)\nprint(machine.reset_cause())\n",
        { ms: 61_000 },
      );
      expect(text).toMatch(/^(TypeError|ValueError|OSError)\r\n1\r\n$/);
    },
  );

  it("cannot fill the host's memory through NVS", async () => {
    const text = await outputOf(`
from esp32 import NVS
n = NVS("x")
stored = 0
try:
    while True:
        n.set_blob(str(stored), bytes(1000))
        stored += 1
except OSError as error:
    print(stored, error)
n.erase_key("0")
n.set_i32("number", 5)
n.commit()
print(n.get_i32("number"))
`);
    expect(text).toBe("18 (-4357, 'ESP_ERR_NVS_NOT_ENOUGH_SPACE')\r\n5\r\n");
  });

  it("calls the host with anything whatever, and ends at most itself", { timeout: 60_000 }, async () => {
    const deadly = [
      "machine_reset",
      "machine_deepsleep",
      "console_line",
      "console_read",
      "console_write",
      "time_sleep",
    ];
    for (const name of (await hostCallNames()).filter((one) => !deadly.includes(one))) {
      const fixture = await startBoard({ mode: "real", main: anyArguments(name) });
      await Promise.race([fixture.waitFor("end of calls", "board failed"), sleep(1_000)]);
      await fixture.world.close();
      expect(fatal, name).toEqual([]);
    }
  });
});

/** A program that calls one host call with all kinds of arguments. */
const anyArguments = (name: string): string => `
import machine, random
random.seed(7)
things = (0, 1, -1, 2**31 - 1, -2**31, 65536, 1.5, float("nan"), float("inf"), 1e300, 2**40, -2**62, None, True, "",
    "constructor", "__proto__", "length", "x" * 300, "a\\0b", b"x", [], {}, (), lambda: 1, object(), machine.host, machine)
function = getattr(machine.host, "${name}")
for _ in range(300):
    try:
        function(*[random.choice(things) for _ in range(random.randrange(6))])
    except BaseException:
        pass
print("end of calls")
`;
