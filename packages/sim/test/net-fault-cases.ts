import type { FaultKind, CasesOf } from "./fault-case.ts";
import { join, mqttClient } from "./net/programs.ts";

/** Joins, and then tries something once a second, saying what came of it and how many ms it took. */
const every = (act: string): string => `${join}while True:\n    time.sleep(1)\n    attempt(lambda: ${act})\n`;

const status = "(_w.isconnected(), _w.status(), _w.ifconfig()[0])";

/** Connects anew every three seconds. */
const rejoining = `${join}while True:
    _w.disconnect()
    _w.connect("espx-sim", "espx-sim")
    time.sleep(3)
    print(${status})
`;

/** Has one connection to the broker, and asks it for an answer once a second. */
const pinging = `${join}${mqttClient}
s = mqtt(("192.168.7.1", 1883), "board")
s.read(4)
s.settimeout(0.7)
def ping():
    s.write(b"\\xc0\\0")
    return s.read(2)
while True:
    time.sleep(1)
    attempt(ping)
`;

/** Comes to the broker anew once a second. */
const calling = `${join}${mqttClient}
def call():
    s = mqtt(("192.168.7.1", 1883), "board")
    try:
        s.settimeout(0.5)
        return s.read(4)
    finally:
        s.close()
while True:
    time.sleep(1)
    attempt(call)
`;

type NetFault = Extract<
  FaultKind,
  "access-point" | "wifi-password" | "dhcp" | "link-loss" | "delay" | "packet-loss" | "partition" | "broker" | "dns"
>;

/** Every fault of the network around a board. */
export const netFaultCases: { readonly [K in NetFault]: CasesOf<K> } = {
  "access-point": [
    {
      title: "loses the access point, says so, and finds it again",
      fault: { kind: "access-point", up: false },
      main: every(status),
      before: /^\(True, 1010, '192.168.7.2'\) 0\r\n$/,
      beforeMs: 1500,
      after: /\(False, 201, '0.0.0.0'\) 0\r\n$/,
      afterMs: 130_000,
      undo: { kind: "access-point", up: true },
      undone: /\(True, 1010, '192.168.7.2'\) 0\r\n$/,
      undoneMs: 4000,
    },
  ],
  "wifi-password": [
    {
      title: "is refused by the access point until the password is right",
      fault: { kind: "wifi-password", wrong: true },
      main: rejoining,
      before: /^\(True, 1010, '192.168.7.2'\)\r\n$/,
      beforeMs: 4000,
      after: /\(False, 202, .*\)\r\n$/,
      afterMs: 6000,
      undo: { kind: "wifi-password", wrong: false },
      undone: /\(True, 1010, '192.168.7.2'\)\r\n$/,
      undoneMs: 6000,
    },
  ],
  dhcp: [
    {
      title: "gets no address and stays connecting until somebody gives one",
      fault: { kind: "dhcp", fails: true },
      main: `${join.replace(/while not[^]*?10\)\n/, "")}while True:\n    time.sleep(1)\n    print(${status})\n`,
      after: /^(\(False, 1001, '0.0.0.0'\)\r\n){19,}$/,
      afterMs: 20_000,
      undo: { kind: "dhcp", fails: false },
      undone: /^(\(False, 1001, '0.0.0.0'\)\r\n)+(\(True, 1010, '192.168.7.2'\)\r\n)+$/,
      undoneMs: 20_000,
    },
  ],
  "link-loss": [
    {
      title: "loses the link for a time and comes back by itself",
      fault: { kind: "link-loss", forMs: 3000 },
      main: every(status),
      beforeMs: 1500,
      after: /^\(False, 1001, .*\r\n(\(False, 201, .*\r\n)+(\(True, 1010, '192.168.7.2'\) \d\r\n)+$/,
      afterMs: 7000,
    },
    {
      title: "loses the link for a moment",
      fault: { kind: "link-loss" },
      main: `${join}while True:\n    if not _w.isconnected():\n        print("down", _w.status())\n        time.sleep(1)\n        print(_w.status())\n    time.sleep_ms(10)\n`,
      beforeMs: 1500,
      after: /^down 1001\r\n1010\r\n$/,
      afterMs: 3000,
    },
  ],
  delay: [
    {
      title: "waits longer for every answer, on connections and of the name service",
      fault: { kind: "delay", ms: 300 },
      main: pinging.replace("    attempt(ping)", '    attempt(ping)\n    attempt(socket.getaddrinfo, "broker", 1)'),
      before: /^b'\\xd0\\x00' 4\r\n\[.*\] 4\r\n$/,
      beforeMs: 2000,
      after: /^b'\\xd0\\x00' 604\r\n\[.*\] 604\r\n/,
      afterMs: 3000,
      undo: { kind: "delay", ms: 0 },
      undone: /b'\\xd0\\x00' 4\r\n\[.*\] 4\r\n$/,
      undoneMs: 4000,
    },
  ],
  "packet-loss": [
    {
      title: "gets many an answer a second or more late, since it was lost, and every one in the end",
      fault: { kind: "packet-loss", percent: 40 },
      main: pinging.replace("settimeout(0.7)", "settimeout(100)"),
      before: /^b'\\xd0\\x00' 4\r\n$/,
      beforeMs: 1500,
      after: /^(?=[^]*\\x00' [1-9]\d{3,4}\r\n)(?=[^]*\\x00' 4\r\n)(b'\\xd0\\x00' \d+\r\n){10,}$/,
      afterMs: 120_000,
      undo: { kind: "packet-loss", percent: 0 },
      undone: /(b'\\xd0\\x00' \d\r\n){3}$/,
      undoneMs: 300_000,
    },
  ],
  partition: [
    {
      title: "reaches the name service but not the broker, on a connection that lives on",
      fault: { kind: "partition", from: "broker" },
      main: pinging.replace("    attempt(ping)", '    attempt(ping)\n    attempt(socket.getaddrinfo, "broker", 1)'),
      before: /^b'\\xd0\\x00' 4\r\n\[.*\] 4\r\n$/,
      beforeMs: 2000,
      after: /^(OSError 116 70\d\r\n\[.*\] 4\r\n)+$/,
      afterMs: 5000,
      undo: { kind: "partition", from: "nothing" },
      undone: /b'\\xd0\\x00' \d\r\n\[.*\] 4\r\n$/,
      undoneMs: 4000,
    },
    {
      title: "connects to nobody, is told so late, and sends datagrams in vain",
      fault: { kind: "partition", from: "everything" },
      main: `${join}
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    time.sleep(1)
    tcp = socket.socket()
    attempt(tcp.connect, ("192.168.7.1", 1883))
    tcp.close()
    attempt(socket.getaddrinfo, "broker", 1)
    attempt(udp.sendto, b"x", ("192.168.7.1", 9))
    print(_w.isconnected())
`,
      before: /^None 4\r\n\[.*\] 4\r\n1 0\r\nTrue\r\n$/,
      beforeMs: 2000,
      after: /^OSError 113 18000\r\nOSError -202 14000\r\n1 0\r\nTrue\r\n$/,
      afterMs: 34_000,
      undo: { kind: "partition", from: "nothing" },
      undone: /None 4\r\n\[.*\] 4\r\n1 0\r\nTrue\r\n$/,
      undoneMs: 2000,
    },
    {
      title: "reaches everybody",
      fault: { kind: "partition", from: "nothing" },
      main: pinging,
      after: /^(b'\\xd0\\x00' 4\r\n)+$/,
      afterMs: 3000,
    },
  ],
  broker: [
    {
      title: "is refused by the broker",
      fault: { kind: "broker", behaviour: "refuse" },
      main: calling,
      before: /^b' \\x02\\x00\\x00' \d\r\n$/,
      beforeMs: 1500,
      after: /^(b' \\x02\\x00\\x05' \d\r\n)+$/,
      afterMs: 3000,
      undo: { kind: "broker", behaviour: "normal" },
      undone: /b' \\x02\\x00\\x00' \d\r\n$/,
      undoneMs: 3000,
    },
    {
      title: "hears nothing of the broker",
      fault: { kind: "broker", behaviour: "silent" },
      main: calling,
      beforeMs: 1500,
      after: /^(OSError 116 5\d\d\r\n)+$/,
      afterMs: 3000,
    },
    {
      title: "is hung up on by the broker",
      fault: { kind: "broker", behaviour: "close" },
      main: calling,
      beforeMs: 1500,
      after: /^((b''|OSError 128) \d\r\n)+$/,
      afterMs: 3000,
    },
    {
      title: "is served by the broker",
      fault: { kind: "broker", behaviour: "normal" },
      main: calling,
      after: /^(b' \\x02\\x00\\x00' \d\r\n)+$/,
      afterMs: 3000,
    },
  ],
  dns: [
    {
      title: "finds no name, but every address",
      fault: { kind: "dns", fails: true },
      main: every('(socket.getaddrinfo("10.0.0.1", 1)[0][-1], socket.getaddrinfo("broker", 1)[0][-1])'),
      before: /^\(\('10.0.0.1', 1\), \('192.168.7.1', 1\)\) 4\r\n$/,
      beforeMs: 1500,
      after: /^(OSError -202 4\r\n)+$/,
      afterMs: 3000,
      undo: { kind: "dns", fails: false },
      undone: /^(\(\('10.0.0.1', 1\), \('192.168.7.1', 1\)\) 4\r\n)+$/,
      undoneMs: 3000,
    },
  ],
};
