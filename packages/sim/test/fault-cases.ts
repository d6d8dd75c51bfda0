import type { CasesOf, FaultCase, FaultKind, FaultOf } from "./fault-case.ts";
import { netFaultCases } from "./net-fault-cases.ts";

const writing = `
import os, time
def attempt(act):
    try:
        return act()
    except OSError as error:
        return "OSError %d" % error.errno
def put():
    with open("new", "w") as f:
        return f.write("x" * 9000)
def keep():
    with open("kept") as f:
        return f.read()
with open("kept", "w") as f:
    f.write("safe")
while True:
    time.sleep(1)
    print(attempt(put), attempt(keep), attempt(lambda: os.mkdir("d")))
    for name in os.listdir():
        if name == "d":
            os.rmdir("d")
`;

const listening = `
import sys, select, time
p = select.poll()
p.register(sys.stdin, select.POLLIN)
while True:
    got = b""
    while p.poll(50):
        got += sys.stdin.buffer.read(1)
    if got:
        print(len(got), len([c for c in got if c != 85]), "END")
`;

const spoken = "U".repeat(200);

const serial = (
  behaviour: FaultOf<"serial">["behaviour"],
  title: string,
  after: RegExp,
): FaultCase & { readonly fault: FaultOf<"serial"> } => ({
  title,
  fault: { kind: "serial", behaviour },
  main: listening,
  typed: spoken,
  after,
  afterMs: 500,
});

/** Every fault, in each of its ways: a fault without a case does not compile. */
export const faultCases: { readonly [K in FaultKind]: CasesOf<K> } = {
  ...netFaultCases,
  clock: [
    {
      title: "sees the calendar jump and its ticks go on",
      fault: { kind: "clock", jumpMs: 366 * 24 * 3_600_000 },
      main: "import time\nwhile True:\n    time.sleep(1)\n    print(time.gmtime()[0], time.ticks_ms() // 1000)\n",
      before: /^2000 1\r\n$/,
      beforeMs: 1500,
      after: /^2001 2\r\n2001 3\r\n$/,
      afterMs: 2000,
      undo: { kind: "clock", jumpMs: -24 * 3_600_000 },
      undone: /^2000 4\r\n/,
      undoneMs: 2000,
    },
    {
      title: "finds the calendar unset, as after power-on",
      fault: { kind: "clock", jumpMs: "unset" },
      main: "import time, machine\nmachine.RTC().datetime((2026, 5, 4, 0, 3, 2, 1, 0))\nwhile True:\n    time.sleep(1)\n    print(time.gmtime()[:3])\n",
      before: /^\(2026, 5, 4\)\r\n$/,
      beforeMs: 1500,
      after: /^(\(2000, 1, 1\)\r\n)+$/,
      afterMs: 2000,
    },
  ],
  "flash-full": [
    {
      title: "has no space for what it writes, and keeps what it had",
      fault: { kind: "flash-full", freeBytes: 0 },
      main: writing,
      before: /^9000 safe None\r\n$/,
      beforeMs: 1500,
      after: /^OSError 28 safe.*\r\n(.*OSError 28.*\r\n)+$/,
      afterMs: 3000,
      undo: { kind: "flash-full", freeBytes: null },
      undone: /9000 safe None\r\n$/,
      undoneMs: 2000,
    },
  ],
  "flash-failing": [
    {
      title: "reads, but fails to change anything",
      fault: { kind: "flash-failing", fails: true },
      main: writing,
      before: /^9000 safe None\r\n$/,
      beforeMs: 1500,
      after: /^(OSError 5 safe OSError 5\r\n)+$/,
      afterMs: 3000,
      undo: { kind: "flash-failing", fails: false },
      undone: /9000 safe None\r\n$/,
      undoneMs: 2000,
    },
    {
      title: "keeps NVS and partitions as they were",
      fault: { kind: "flash-failing", fails: true },
      main: `
import esp32, time
n = esp32.NVS("n")
p = esp32.Partition(esp32.Partition.RUNNING)
last = p.ioctl(4, 0) - 1
def attempt(act):
    try:
        act()
        return "done"
    except OSError as error:
        return error.args[0]
def count():
    n.set_i32("count", 1)
    n.commit()
while True:
    time.sleep(1)
    print(attempt(count), attempt(lambda: p.writeblocks(last, b"x", 0)), attempt(lambda: p.ioctl(6, last)))
`,
      before: /^done done done\r\n$/,
      beforeMs: 1500,
      after: /^(5 -1 -1\r\n)+$/,
      afterMs: 3000,
    },
  ],
  memory: [
    {
      title: "has little memory and runs out of it",
      fault: { kind: "memory", freeBytes: 12_000 },
      main: `
import gc, time
def take():
    try:
        return len(bytearray(20000))
    except MemoryError:
        return "MemoryError"
while True:
    gc.collect()
    time.sleep(1)
    gc.collect()
    print(gc.mem_free() // 5000, take(), len(bytearray(1000)))
`,
      before: /^3\d 20000 1000\r\n$/,
      beforeMs: 1500,
      after: /(2 MemoryError 1000\r\n){3}$/,
      afterMs: 5000,
      undo: { kind: "memory", freeBytes: null },
      undone: /3\d 20000 1000\r\n$/,
      undoneMs: 3000,
    },
  ],
  hang: [
    {
      title: "stands still until the watchdog resets it",
      fault: { kind: "hang" },
      main: "import machine, time\nprint('cause', machine.reset_cause())\nw = machine.WDT(timeout=5000)\nwhile True:\n    time.sleep(1)\n    w.feed()\n",
      before: /^cause 1\r\n$/,
      beforeMs: 20_000,
      after: /^cause 3\r\n$/,
      afterMs: 9000,
    },
    {
      title: "stands still for a time, and its timers with it",
      fault: { kind: "hang", forMs: 20_000 },
      main: "import machine, time\nlast = time.ticks_ms()\ndef tick(t):\n    global last\n    now = time.ticks_ms()\n    if now - last > 1500:\n        print('gap', round((now - last) / 1000))\n    last = now\nmachine.Timer(0, period=1000, callback=tick)\nwhile True:\n    time.sleep_ms(100)\n",
      beforeMs: 3000,
      after: /^gap (20|21)\r\n$/,
      afterMs: 30_000,
    },
    {
      title: "reads after it stood still what was said meanwhile",
      fault: { kind: "hang", forMs: 2000 },
      main: listening.replace("print(", "print(time.ticks_ms() // 1000, "),
      beforeMs: 1000,
      typed: "U".repeat(20),
      after: /^3 20 0 END\r\n$/,
      afterMs: 5000,
    },
  ],
  "brown-out": [
    {
      title: "starts anew as after power-on, without what RTC memory held",
      fault: { kind: "brown-out" },
      main: "import machine, time\nprint(machine.reset_cause(), machine.RTC().memory())\nmachine.RTC().memory(b'mark')\n",
      before: /^1 b''\r\n$/,
      beforeMs: 100,
      after: /Brownout detector was triggered\r\n\r\n1 b''\r\n/,
      afterMs: 1000,
    },
  ],
  "power-cut": [
    {
      title: "finds, when power is back, what was written before it went",
      fault: { kind: "power-cut", operation: 3 },
      main: "import os, time\nprint(sorted(n for n in os.listdir() if n < 'b'))\ntime.sleep(1)\nfor n in ('a1', 'a2', 'a3', 'a4'):\n    if n not in os.listdir():\n        os.mkdir(n)\n",
      before: /^\[\]\r\n$/,
      beforeMs: 100,
      after: /^\['a1', 'a2'\]\r\n$/,
      afterMs: 1500,
      powerOn: true,
    },
    {
      title: "goes on when the cut is called off",
      fault: { kind: "power-cut", operation: null },
      main: "import os, time\ntime.sleep(1)\nos.mkdir('a')\nprint('done')\n",
      prepare: ({ board }) => board.fault({ kind: "power-cut", operation: 1 }),
      after: /^done\r\n/,
      afterMs: 1500,
    },
  ],
  serial: [
    serial("normal", "hears what is said", /^200 0 END\r\n$/),
    serial("silent", "hears nothing", /^$/),
    serial("lost", "hears nothing when the cable came off", /^$/),
    serial("garbage", "hears nothing that was said", /^200 200 END\r\n$/),
    serial("noise", "hears some bytes wrong", /^200 ([1-9]|1\d) END\r\n$/),
    serial("loss", "does not hear some bytes", /^1[89]\d 0 END\r\n$/),
  ],
};
