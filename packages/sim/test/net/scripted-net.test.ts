import { describe, expect, it } from "vitest";
import { outputOf, programText, startBoard } from "../board-fixture.ts";
import { join, mqttClient } from "./programs.ts";

describe("sockets without a network", () => {
  it("fail as on a chip", async () => {
    const text = await outputOf(
      `
import socket
def attempt(act, *args):
    try:
        print(act(*args))
    except OSError as error:
        print(error.errno)
attempt(socket.getaddrinfo, "broker", 1883)
attempt(socket.getaddrinfo, "10.0.0.1", 80)
attempt(socket.socket().connect, ("10.0.0.1", 80))
attempt(socket.socket(type=socket.SOCK_DGRAM).sendto, b"x", ("10.0.0.1", 80))
attempt(socket.socket().recv, 1)
attempt(socket.socket().send, b"x")
`,
      { ms: 10 },
    );
    expect(text).toBe("-202\r\n[(2, 1, 0, '10.0.0.1', ('10.0.0.1', 80))]\r\n118\r\n118\r\n128\r\n128\r\n");
  });
});

describe("sockets in the scripted network", () => {
  it("are refused where nobody listens and fail late where nobody is", async () => {
    const text = await outputOf(
      `${join}
attempt(socket.socket().connect, ("192.168.7.1", 81))
attempt(socket.socket().connect, ("192.168.7.99", 1883))
attempt(socket.socket().connect, ("10.9.8.7", 1883))
s = socket.socket()
s.settimeout(1.5)
attempt(s.connect, ("10.9.8.7", 1883))
`,
      { ms: 30_000 },
    );
    expect(text).toBe("OSError 111 4\r\nOSError 118 3000\r\nOSError 113 18000\r\nOSError 116 1500\r\n");
  });

  it("connect without blocking, and say so to a poll", async () => {
    const text = await outputOf(
      `${join}
s = socket.socket()
s.setblocking(False)
attempt(s.connect, ("192.168.7.1", 1883))
attempt(s.connect, ("192.168.7.1", 1883))
p = select.poll()
p.register(s, select.POLLOUT)
print(p.poll(0), [flags for _, flags in p.poll(100)])
attempt(s.connect, ("192.168.7.1", 1883))
attempt(s.recv, 10)
print(s.read(10), s.readline())
r = socket.socket()
r.setblocking(False)
attempt(r.connect, ("192.168.7.1", 82))
p.register(r, select.POLLOUT)
p.unregister(s)
print([flags for _, flags in p.poll(100)])
attempt(r.send, b"x")
`,
      { ms: 1000 },
    );
    expect(text.replaceAll("\r", "")).toBe(
      "OSError 119 0\nOSError 120 0\n[] [4]\nOSError 127 0\nOSError 11 0\nNone None\nOSError 119 0\n[20]\nOSError 111 0\n",
    );
  });

  it("wait as long as their timeout says", async () => {
    const text = await outputOf(
      `${join}
s = socket.socket()
s.connect(("192.168.7.1", 1883))
s.settimeout(2)
attempt(s.recv, 1)
s.settimeout(0)
attempt(s.recv, 1)
print(select.select([s], [], [], 0.5), time.ticks_ms() > 2500)
`,
      { ms: 9000 },
    );
    expect(text).toBe("OSError 116 2000\r\nOSError 11 0\r\n([], [], []) True\r\n");
  });

  it("talk to a peer that follows a script", async () => {
    await using fixture = await startBoard({
      main: `${join}
time.sleep_ms(500)
s = socket.socket()
s.connect(("192.168.7.1", 7))
print(s.readline())
s.write(b"one\\ntwo")
print(s.readline(), s.read(3), s.read(), s.recv(5))
attempt(s.send, b"x")
`,
    });
    fixture.world.net.peer({ port: 7, banner: new TextEncoder().encode("hello\n"), echo: true, closeAfterBytes: 7 });
    await fixture.world.advance(2000);
    expect(programText(fixture.take())).toMatch(/^b'hello\\n'\r\nb'one\\n' b'two' b'' b''\r\n/);
  });

  it("have as many as the chip", async () => {
    const text = await outputOf(
      `${join}
held = []
try:
    while True: held.append(socket.socket())
except OSError as error:
    print(len(held), error.errno)
held[0].close()
print(socket.socket().fileno() > 0)
`,
      { ms: 1000 },
    );
    expect(text).toBe("16 23\r\nTrue\r\n");
  });

  it("are closed when the program forgets them", async () => {
    const text = await outputOf(
      `${join}
import gc
for _ in range(100):
    socket.socket()
    gc.collect()
print("enough")
`,
      { ms: 1000 },
    );
    expect(text).toBe("enough\r\n");
  });

  it("look up names, until the name service fails", async () => {
    await using fixture = await startBoard({
      main: `${join}
while True:
    time.sleep(1)
    attempt(lambda: socket.getaddrinfo("known", 1)[0][-1][0])
    attempt(socket.getaddrinfo, "absent", 1)
`,
    });
    fixture.world.net.names({ known: "10.1.1.1", absent: null });
    await fixture.world.advance(1500);
    fixture.world.net.dns(true);
    await fixture.world.advance(1000);
    expect(programText(fixture.take())).toBe("10.1.1.1 4\r\nOSError -202 4\r\nOSError -202 4\r\nOSError -202 4\r\n");
  });

  it("wait for the link and go on when it comes back in time", async () => {
    await using fixture = await startBoard({
      main: `${join}${mqttClient}
s = mqtt(("192.168.7.1", 1883), "board")
s.read(4)
time.sleep(1)
print(s.send(b"\\xc0\\0"), time.ticks_ms() // 1000)
print(s.read(2), time.ticks_ms() // 1000)
`,
    });
    await fixture.world.advance(1000);
    fixture.world.net.linkLoss(5000);
    await fixture.world.advance(9000);
    expect(programText(fixture.take())).toMatch(/^2 1\r\nb'\\xd0\\x00' [67]\r\n/);
    expect(fixture.world.net.broker.clients).toEqual(["board"]);
  });

  it("are aborted when the link stays away or Wi-Fi is switched off", async () => {
    await using fixture = await startBoard({
      main: `${join}${mqttClient}
for off in (False, True):
    s = mqtt(("192.168.7.1", 1883), "board")
    s.read(4)
    if off: _w.active(False)
    attempt(s.recv, 1)
    attempt(s.recv, 1)
    while not _w.isconnected(): time.sleep(1)
`,
    });
    await fixture.world.advance(1000);
    fixture.world.net.linkLoss(200_000);
    await fixture.world.advance(400_000);
    expect(programText(fixture.take())).toMatch(
      /^OSError 113 12\d{4}\r\nOSError 128 0\r\nOSError 113 0\r\nOSError 128 0\r\n/,
    );
  });
});

describe("the broker of a virtual world", () => {
  const main = `${join}${mqttClient}
s = mqtt(("192.168.7.1", 1883), "board", 10, "gone")
print(s.read(4))
print(ask(s, "in/#"))
say(s, "out", "state", True)
while True:
    data = s.recv(100)
    print(data)
    if not data: break
`;

  it("keeps what boards publish, with the time, and sends them what the test publishes", async () => {
    await using fixture = await startBoard({ main });
    const { broker } = fixture.world.net;
    await fixture.world.advance(1000);
    const [published] = broker.published;
    expect(published).toMatchObject({ topic: "out", text: "state", retained: true, qos: 0, from: "board" });
    expect(published?.atMs).toBeGreaterThan(300);
    expect(published?.atMs).toBeLessThan(400);
    expect(broker.retained).toEqual(new Map([["out", "state"]]));
    broker.publish("in/a", "hi");
    broker.publish("other", "no");
    await fixture.world.advance(100);
    expect(programText(fixture.take())).toBe(
      "b' \\x02\\x00\\x00'\r\nb'\\x90\\x03\\x00\\x07\\x00'\r\nb'0\\x08\\x00\\x04in/ahi'\r\n",
    );
    expect(broker.packets.map(({ to, bytes }) => `${to} ${(bytes[0] ?? 0) >> 4}`)).toEqual([
      "broker 1",
      "client 2",
      "broker 8",
      "client 9",
      "broker 3",
      "client 3",
    ]);
  });

  it("publishes a board's will when the power goes, and remembers over its boots", async () => {
    await using fixture = await startBoard({ main });
    const { broker } = fixture.world.net;
    await fixture.world.advance(1000);
    await fixture.board.powerOff();
    expect(broker.clients).toEqual([]);
    expect(broker.published.at(-1)).toMatchObject({ topic: "will", text: "gone", atMs: 1000 });
    broker.publish("in/kept", "while off", { retain: true });
    await fixture.board.powerOn();
    fixture.take();
    await fixture.world.advance(1000);
    expect(programText(fixture.take())).toContain("in/keptwhile off");
    expect(broker.clients).toEqual(["board"]);
  });

  it("drops a board that keeps no keep-alive", async () => {
    await using fixture = await startBoard({ main });
    await fixture.world.advance(15_000);
    expect(fixture.world.net.broker.clients).toEqual(["board"]);
    await fixture.world.advance(1000);
    expect(fixture.world.net.broker.clients).toEqual([]);
    expect(programText(fixture.take())).toMatch(/b''\r\n$/);
  });

  it("refuses, hangs, closes and drops on request", async () => {
    await using fixture = await startBoard({
      main: `${join}${mqttClient}
while True:
    time.sleep(1)
    s = mqtt(("192.168.7.1", 1883), "board")
    s.settimeout(0.5)
    attempt(s.read, 4)
    s.close()
`,
    });
    const { broker } = fixture.world.net;
    const next = async (): Promise<string> => {
      fixture.take();
      await fixture.world.advance(1300);
      return programText(fixture.take());
    };
    await fixture.world.advance(500);
    broker.refuse(5);
    expect(await next()).toMatch(/^b' \\x02\\x00\\x05' \d\r\n/);
    broker.silent();
    expect(await fixture.world.advance(1200).then(() => programText(fixture.take()))).toBe("OSError 116 500\r\n");
    broker.closing();
    await fixture.world.advance(2000);
    expect(programText(fixture.take())).toContain("b'' ");
    broker.normal();
    await fixture.world.advance(2000);
    expect(programText(fixture.take())).toContain("b' \\x02\\x00\\x00' ");
  });

  it("follows the faults of one board and takes them back", async () => {
    await using fixture = await startBoard({
      main: `${join}${mqttClient}
while True:
    time.sleep(1)
    s = mqtt((socket.getaddrinfo("b", 1)[0][-1][0], 1883), "board")
    print(s.read(4)[3:])
    s.close()
`,
    });
    fixture.board.fault({ kind: "broker", behaviour: "refuse" });
    await fixture.world.advance(1500);
    fixture.board.fault({ kind: "broker", behaviour: "normal" });
    await fixture.world.advance(1000);
    fixture.board.fault({ kind: "dns", fails: true });
    await fixture.world.advance(1000);
    expect(programText(fixture.take())).toMatch(/^b'\\x05'\r\nb'\\x00'\r\nTraceback[^]*OSError: -202\r\n/);
  });

  it("sees the same, to the byte and the microsecond, in every run", async () => {
    const run = async (): Promise<string> => {
      await using fixture = await startBoard({ main });
      await fixture.world.advance(1000);
      fixture.world.net.broker.publish("in/a", "hi");
      await fixture.world.advance(20_000);
      return JSON.stringify([fixture.take(), fixture.world.net.broker.packets, fixture.world.net.broker.published]);
    };
    expect(await run()).toBe(await run());
  });
});
