import { describe, expect, it } from "vitest";
import { mqttClient, join } from "./net/programs.ts";
import { startWorld } from "./world-fixture.ts";

const server = `${join}
listener = socket.socket()
listener.bind(("", 8000))
listener.listen(2)
while True:
    peer, address = listener.accept()
    print("from", address[0])
    while True:
        line = peer.readline()
        if not line:
            break
        peer.write(b"re:" + line)
    peer.close()
    print("closed", time.ticks_ms())
`;

const client = `${join}
time.sleep_ms(100)
s = socket.socket()
s.connect((socket.getaddrinfo("server-1", 8000)[0][-1][0], 8000))
for word in (b"one\\n", b"two\\n"):
    t = time.ticks_ms()
    s.write(word)
    print(s.readline(), time.ticks_diff(time.ticks_ms(), t))
s.close()
`;

/** Wakes once a second, and publishes every few wakes. */
const reporter = (index: number): string => `${join}${mqttClient}
import random
time.sleep_ms(${index * 37})
s = mqtt(("192.168.7.1", 1883), "b${index}", 60)
s.read(4)
ask(s, "to/${index}")
p = select.poll()
p.register(s, select.POLLIN)
n = 0
while True:
    n += 1
    if n % 5 == ${index % 5}:
        say(s, "to/%d" % ((${index} + n) % 10), "m%d %d" % (n, random.randint(0, 999)))
    for _ in p.poll(1000):
        print(time.ticks_us(), s.recv(200))
`;

describe("boards in one world", () => {
  it("exchange messages through the broker that all of them see", async () => {
    const ears = `${join}${mqttClient}
s = mqtt(("192.168.7.1", 1883), "ears")
s.read(4)
ask(s, "hall/#")
print(s.recv(100), time.ticks_ms() // 1000)
`;
    const mouth = `${join}${mqttClient}
time.sleep(2)
s = mqtt(("192.168.7.1", 1883), "mouth")
s.read(4)
say(s, "hall/a", "hello")
time.sleep(100)
`;
    await using fixture = await startWorld({ ears, mouth });
    await fixture.world.advance(5000);
    expect(fixture.take("ears")).toBe("b'0\\r\\x00\\x06hall/ahello' 2\r\n");
    const { broker } = fixture.world.net;
    expect(broker.published).toMatchObject([{ topic: "hall/a", text: "hello", from: "mouth" }]);
    expect([...broker.clients].sort()).toEqual(["ears", "mouth"]);
  });

  it("reach each other by name and address over TCP", async () => {
    await using fixture = await startWorld({ "server-1": server, client });
    await fixture.world.advance(5000);
    expect(fixture.take("client")).toBe("b're:one\\n' 4\r\nb're:two\\n' 4\r\n");
    expect(fixture.take("server-1")).toMatch(/^from 192\.168\.7\.3\r\nclosed 4\d\d\r\n$/);
  });

  it("send each other datagrams, one by one and to all", async () => {
    const hears = `${join}
u = socket.socket(type=socket.SOCK_DGRAM)
u.bind(("", 5000))
while True:
    data, peer = u.recvfrom(100)
    print(data)
    u.sendto(b"got " + data, peer)
`;
    const tells = `${join}
time.sleep(1)
u = socket.socket(type=socket.SOCK_DGRAM)
u.sendto(b"all", ("255.255.255.255", 5000))
print(sorted([u.recvfrom(100)[1][0] for _ in range(2)]))
u.sendto(b"you", ("192.168.7.2", 5000))
print(u.recvfrom(100)[0])
u.sendto(b"x", ("192.168.7.2", 5001))
`;
    await using fixture = await startWorld({ a: hears, b: hears, tells });
    await fixture.world.advance(3000);
    expect(fixture.take("tells")).toBe("['192.168.7.2', '192.168.7.3']\r\nb'got you'\r\n");
    expect(fixture.take("a")).toBe("b'all'\r\nb'you'\r\n");
    expect(fixture.take("b")).toBe("b'all'\r\n");
  });

  it("move more than any window over TCP, to one that reads slowly", async () => {
    const reads = `${join}
listener = socket.socket()
listener.bind(("", 9))
listener.listen(1)
peer, _ = listener.accept()
total = 0
while True:
    part = peer.recv(1000)
    if not part:
        break
    total += sum(part)
    time.sleep_ms(10)
print(total)
`;
    const writes = `${join}
time.sleep(1)
s = socket.socket()
s.connect(("192.168.7.2", 9))
s.write(b"\\1" * 100000)
print(time.ticks_ms() > 1800)
s.close()
`;
    await using fixture = await startWorld({ reads, writes });
    await fixture.world.advance(10_000);
    expect(fixture.take("reads")).toBe("100000\r\n");
    expect(fixture.take("writes")).toBe("True\r\n");
  });

  it("are refused where no board listens, and find nobody where no board is", async () => {
    const tries = `${join}
time.sleep(1)
attempt(socket.socket().connect, ("192.168.7.3", 80))
attempt(socket.socket().connect, ("192.168.7.4", 80))
`;
    await using fixture = await startWorld({ tries, idle: join });
    await fixture.world.advance(10_000);
    expect(fixture.take("tries")).toBe("OSError 111 4\r\nOSError 118 3000\r\n");
  });

  it("see one that was reset as a connection that nobody knows", async () => {
    const once = `${join}
listener = socket.socket()
listener.bind(("", 7))
listener.listen(1)
peer, _ = listener.accept()
print("in")
time.sleep(2)
import machine
if machine.reset_cause() == 1:
    machine.reset()
`;
    const talks = `${join}
time.sleep(1)
s = socket.socket()
s.connect(("192.168.7.2", 7))
time.sleep(4)
s.write(b"x")
attempt(s.recv, 1)
`;
    await using fixture = await startWorld({ once, talks });
    await fixture.world.advance(10_000);
    expect(fixture.take("talks")).toBe("OSError 104 4\r\n");
  });

  it("go on when the power of one is cut, and see its will", async () => {
    const ticks = (name: string): string => `${join}${mqttClient}
s = mqtt(("192.168.7.1", 1883), "${name}", 60, "${name} is gone")
s.read(4)
while True:
    say(s, "tick", "${name}")
    time.sleep(1)
`;
    await using fixture = await startWorld({ a: ticks("a"), b: ticks("b"), c: ticks("c") });
    const { broker } = fixture.world.net;
    const count = (name: string): number => broker.published.filter(({ from }) => from === name).length;
    await fixture.world.advance(10_000);
    await fixture.boards[1]?.powerOff();
    const before = [count("a"), count("b"), count("c")];
    expect(broker.published.at(-1)).toMatchObject({ topic: "will", text: "b is gone", atMs: 10_000 });
    await fixture.world.advance(10_000);
    expect([count("a"), count("b"), count("c")]).toEqual([(before[0] ?? 0) + 10, before[1], (before[2] ?? 0) + 10]);
    await fixture.boards[1]?.powerOn();
    await fixture.world.advance(10_000);
    expect(count("b")).toBe((before[1] ?? 0) + 10);
  });

  it("reset, sleep deeply and are bitten by the watchdog each for itself", async () => {
    const sleeper = "import machine, time\ntime.sleep_ms(300)\nmachine.deepsleep(700)\n";
    const restarts = "import machine, time\ntime.sleep(2)\nmachine.reset()\n";
    const bitten = "import machine, time\nmachine.WDT(timeout=3000)\ntime.sleep(10)\n";
    const steady = "import time\nwhile True:\n    time.sleep(1)\n    print(time.ticks_ms())\n";
    await using fixture = await startWorld({ sleeper, restarts, bitten, steady });
    const boots = new Map<string, string[]>();
    for (const board of fixture.boards) {
      board.onEvent((event) => {
        if (event.kind !== "boot") return;
        boots.set(board.name, [...(boots.get(board.name) ?? []), `${event.cause} ${event.atMs}`]);
      });
    }
    await fixture.world.advance(6500);
    expect(Object.fromEntries(boots)).toEqual({
      sleeper: [
        "deep-sleep 1000",
        "deep-sleep 2000",
        "deep-sleep 3000",
        "deep-sleep 4000",
        "deep-sleep 5000",
        "deep-sleep 6000",
      ],
      restarts: ["hard 2000", "hard 4000", "hard 6000"],
      bitten: ["watchdog 3000", "watchdog 6000"],
    });
    expect(fixture.take("steady")).toBe("1000\r\n2000\r\n3000\r\n4000\r\n5000\r\n6000\r\n");
  });

  it("do not wait for one that never looks at the clock", async () => {
    const steady = "import time\nwhile True:\n    time.sleep(1)\n    print(time.ticks_ms())\n";
    const spins = "import time\ntime.sleep_ms(1500)\nprint('spins')\nwhile True:\n    pass\n";
    await using fixture = await startWorld({ spins, steady }, { quietMs: 300 });
    await fixture.world.advance(4500);
    expect(fixture.take("steady")).toBe("1000\r\n2000\r\n3000\r\n4000\r\n");
    expect(fixture.take("spins")).toBe("spins\r\n");
    await fixture.boards[0]?.openSerial().write(Uint8Array.of(3));
    await fixture.world.advance(1000);
    expect(fixture.take("spins")).toContain("KeyboardInterrupt");
    expect(fixture.take("steady")).toBe("5000\r\n");
  });

  it("do the same, to the byte and the microsecond, in every run", { timeout: 60_000 }, async () => {
    const run = async (seed: number): Promise<[string, number]> => {
      const programs = Array.from({ length: 10 }, (_, index) => [`b${index}`, reporter(index)] as const);
      await using fixture = await startWorld(Object.fromEntries(programs), { seed });
      fixture.world.net.jitter(5);
      fixture.world.net.loss(0.05);
      await fixture.world.advance(60_000);
      await fixture.boards[3]?.powerOff();
      await fixture.world.advance(30_000);
      await fixture.boards[3]?.powerOn();
      await fixture.world.advance(30_000);
      return [fixture.digest(), fixture.world.net.broker.published.length];
    };
    const [first, second, other] = [await run(5), await run(5), await run(6)];
    expect(first[1]).toBeGreaterThan(150);
    expect(second).toEqual(first);
    expect(other[0]).not.toBe(first[0]);
  });
});

describe("the network between boards", () => {
  it("takes longer, and repeats what is lost in a stream", async () => {
    await using fixture = await startWorld({ "server-1": server, client });
    fixture.world.net.latency(50);
    fixture.world.net.loss(0.5);
    await fixture.world.advance(200_000);
    expect(fixture.take("client")).toMatch(/^b're:one\\n' \d+\r\nb're:two\\n' \d+\r\n$/);
    expect(fixture.take("server-1")).toMatch(/^from 192\.168\.7\.3\r\nclosed \d{4,}\r\n$/);
  });

  it("loses datagrams by chance, which the seed fixes", async () => {
    const hears = `${join}
u = socket.socket(type=socket.SOCK_DGRAM)
u.bind(("", 5000))
while True:
    print(u.recv(10)[0], end=" ")
`;
    const tells = `${join}
time.sleep(1)
u = socket.socket(type=socket.SOCK_DGRAM)
for n in range(100):
    u.sendto(bytes((n,)), ("192.168.7.2", 5000))
    time.sleep_ms(10)
`;
    const run = async (seed: number): Promise<string> => {
      await using fixture = await startWorld({ hears, tells }, { seed });
      fixture.world.net.loss(0.2);
      await fixture.world.advance(5000);
      return fixture.take("hears");
    };
    const [first, again, other] = [await run(1), await run(1), await run(2)];
    expect(first.trim().split(" ").length).toBeGreaterThan(60);
    expect(first.trim().split(" ").length).toBeLessThan(95);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  it("falls apart into groups, and heals", async () => {
    const chats = `${join}${mqttClient}
s = mqtt(("192.168.7.1", 1883), "chats")
s.read(4)
while True:
    say(s, "tick", "x")
    time.sleep(1)
`;
    const dials = `${join}
time.sleep(11)
attempt(socket.getaddrinfo, "broker", 1)
attempt(socket.socket().connect, ("192.168.7.2", 1))
while True:
    time.sleep(1)
`;
    await using fixture = await startWorld({ chats, dials });
    const { net } = fixture.world;
    const count = (): number => net.broker.published.length;
    await fixture.world.advance(10_000);
    const before = count();
    expect(before).toBeGreaterThan(8);
    net.partition(["chats"]);
    await fixture.world.advance(10_000);
    expect(count()).toBe(before);
    expect(fixture.take("dials")).toMatch(/'192\.168\.7\.1'.* \d\r\nOSError 118 3000\r\n$/);
    net.heal();
    await fixture.world.advance(20_000);
    expect(count()).toBe(before + 30);
  });

  it("gives faults to one board alone", async () => {
    const asks = `${join}${mqttClient}
while True:
    time.sleep(1)
    s = mqtt(("192.168.7.1", 1883), "x")
    print(s.read(4)[3:])
    s.close()
`;
    await using fixture = await startWorld({ a: asks, b: asks.replace('"x"', '"y"') });
    fixture.boards[0]?.fault({ kind: "broker", behaviour: "refuse" });
    await fixture.world.advance(3000);
    expect(fixture.take("a")).toBe("b'\\x05'\r\nb'\\x05'\r\n");
    expect(fixture.take("b")).toBe("b'\\x00'\r\nb'\\x00'\r\n");
    fixture.boards[0]?.fault({ kind: "broker", behaviour: "normal" });
    await fixture.world.advance(1100);
    expect(fixture.take("a")).toBe("b'\\x00'\r\n");
  });
});
