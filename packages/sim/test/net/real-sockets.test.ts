import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { createHash } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { programText, startBoard, type BoardFixture } from "../board-fixture.ts";
import { join } from "./programs.ts";

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    onSocket(socket);
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as { port: number }).port;
}

/** What a program prints in real time up to the line `end`. */
async function printed(main: string): Promise<string> {
  await using fixture = await startBoard({ mode: "real", main: `${join}${main}\nprint("end")\n` });
  return await until(fixture);
}

async function until(fixture: BoardFixture): Promise<string> {
  await fixture.waitFor("end\r\n");
  return programText(fixture.take())
    .replaceAll("\r", "")
    .replace(/end\n$/, "");
}

const within = "def near(ms, wanted):\n    return wanted - 20 <= ms <= wanted + 300\n";

describe("sockets on the host's network", () => {
  it("read and write a stream", async () => {
    const port = await listen((socket) => socket.pipe(socket));
    const text = await printed(`
s = socket.socket()
s.connect(socket.getaddrinfo("localhost", ${port})[0][-1])
print(s.write(b"one\\ntwo\\nrest"), s.readline(), s.makefile().readline())
b = bytearray(2)
print(s.readinto(b), bytes(b), s.recv_into(b), bytes(b))
s.sendall("more")
print(s.read(4))
s.close()
try: s.recv(1)
except OSError as e: print(e.errno)
`);
    expect(text).toBe("12 b'one\\n' b'two\\n'\n2 b're' 2 b'st'\nb'more'\n9\n");
  });

  it("move megabytes both ways without holding more than a window", async () => {
    const sent = createHash("sha256");
    const total = 2_000_000;
    let received = 0;
    const port = await listen((socket) => {
      socket.on("data", (bytes) => {
        sent.update(bytes);
        received += bytes.length;
        if (received === total) socket.end(Buffer.alloc(total, "0123456789abcdef"));
      });
    });
    const text = await printed(`
import hashlib, binascii
s = socket.socket()
s.connect(("127.0.0.1", ${port}))
part = bytes(range(250)) * 32
for _ in range(${total} // 8000): s.write(part)
h = hashlib.sha256()
count = 0
while True:
    data = s.recv(2000)
    if not data: break
    count += len(data)
    h.update(data)
print(count, binascii.hexlify(h.digest()).decode())
`);
    const back = createHash("sha256").update(Buffer.alloc(total, "0123456789abcdef")).digest("hex");
    expect(text).toBe(`${total} ${back}\n`);
    const part = Buffer.alloc(8000, Buffer.from(Array.from({ length: 250 }, (_, index) => index)));
    const expected = createHash("sha256");
    for (let index = 0; index < total / 8000; index++) expected.update(part);
    expect(sent.digest("hex")).toBe(expected.digest("hex"));
  });

  it("slow a program down whose peer does not read, and a peer whose board does not", async () => {
    let held: Socket | undefined;
    const port = await listen((socket) => {
      socket.pause();
      held = socket;
      for (let count = 0; count < 100; count++) socket.write(Buffer.alloc(65_536));
    });
    await using fixture = await startBoard({
      mode: "real",
      main: `${join}
s = socket.socket()
s.connect(("127.0.0.1", ${port}))
s.settimeout(0.2)
sent = 0
try:
    while True: sent += s.send(bytes(4096))
except OSError as error:
    print(error.errno, sent < 20000000)
print("end")
time.sleep(10)
`,
    });
    expect(await until(fixture)).toBe("116 True\n");
    expect(held?.writableLength).toBeGreaterThan(0);
  });

  it("say why they failed", async () => {
    const resetting = await listen((socket) => socket.once("data", () => socket.resetAndDestroy()));
    const closed = await listen((socket) => socket.end());
    const free = await listen(() => {});
    servers.pop()?.close();
    const text = await printed(`${within}
attempt(lambda: socket.socket().connect(("127.0.0.1", ${free})))
s = socket.socket()
s.connect(("127.0.0.1", ${resetting}))
s.write(b"x")
def receive(s):
    try: return s.recv(1)
    except OSError as error: return error.errno
print(receive(s), receive(s))
s = socket.socket()
s.connect(("127.0.0.1", ${closed}))
print(receive(s), receive(s))
s = socket.socket()
s.connect(("127.0.0.1", ${resetting}))
s.settimeout(0.3)
t = time.ticks_ms()
print(receive(s), near(time.ticks_diff(time.ticks_ms(), t), 300))
names = [(name, getattr(errno, name)) for name in dir(errno) if name[0] == "E"]
print(all(errno.errorcode[number] == name for name, number in names), errno.ETIMEDOUT, repr(OSError(116)))
try: raise OSError(errno.EINPROGRESS)
except OSError as error: print(error)
`);
    expect(text).toMatch(
      /^OSError 111 \d+\n104 128\nb'' b''\n116 True\nTrue 116 OSError\(116,\)\n\[Errno 119\] EINPROGRESS\n$/,
    );
  });

  it("connect and read without blocking, driven by a poll", async () => {
    const port = await listen((socket) => socket.on("data", (bytes) => setTimeout(() => socket.end(bytes), 50)));
    const text = await printed(`
s = socket.socket()
s.setblocking(False)
try: s.connect(("127.0.0.1", ${port}))
except OSError as error: print(error.errno == errno.EINPROGRESS)
p = select.poll()
p.register(s, select.POLLOUT)
print([flags for _, flags in p.ipoll(1000)])
s.write(b"hello")
p.modify(s, select.POLLIN)
print(s.read(9), [flags for _, flags in p.poll(1000)], s.read(9))
print([flags for _, flags in p.poll(1000)], s.read(9))
print([o is s for o in select.select([s], [s], [], 0)[0]])
s.close()
print([flags for _, flags in p.poll(1000)])
`);
    expect(text).toBe("True\n[4]\nNone [1] b'hello'\n[1] b''\n[True]\n[32]\n");
  });

  it("exchange datagrams", async () => {
    const echo = createSocket("udp4");
    echo.on("message", (bytes, { port, address }) =>
      echo.send(Buffer.concat([Buffer.from("echo "), bytes]), port, address),
    );
    echo.bind(0, "127.0.0.1");
    await once(echo, "listening");
    const text = await printed(`
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print(s.sendto(b"one", ("127.0.0.1", ${echo.address().port})))
data, peer = s.recvfrom(100)
print(data, peer[1] == ${echo.address().port})
s.connect(peer)
s.send(b"two")
print(s.recv(6))
s.settimeout(0.1)
try: s.recv(1)
except OSError as error: print(error.errno)
`);
    echo.close();
    expect(text).toBe("3\nb'echo one' True\nb'echo t'\n116\n");
  });

  it("keep what a client sends before it is accepted", async () => {
    await using fixture = await startBoard({
      mode: "real",
      main: `${join}
s = socket.socket()
s.bind(("", 8098))
s.listen(3)
print(_w.ifconfig()[0], "end")
time.sleep_ms(300)
for _ in range(3):
    c, _ = s.accept()
    print(c.readline())
print("done")
`,
    });
    await fixture.waitFor("end");
    const address = /(127\.[\d.]+) end/.exec(fixture.take())?.[1] ?? "";
    const clients = ["a", "b", "c"].map((word) => {
      const client = connect(8098, address);
      client.write(`${word}\n`);
      return client;
    });
    await fixture.waitFor("done");
    const text = fixture.take();
    for (const word of ["a", "b", "c"]) expect(text).toContain(`b'${word}\\n'`);
    for (const client of clients) client.destroy();
  });

  it("serve clients at the board's own address, and are gone after a reset", async () => {
    await using fixture = await startBoard({
      mode: "real",
      main: `${join}
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", 8099))
s.listen(2)
print(_w.ifconfig()[0], "end")
while True:
    c, peer = s.accept()
    c.write(b"you said " + c.readline())
    c.close()
`,
    });
    await fixture.waitFor("end");
    const address = /(127\.[\d.]+) end/.exec(fixture.take())?.[1] ?? "";
    for (const word of ["one", "two"]) {
      const client = connect(8099, address);
      client.write(`${word}\n`);
      const [answer] = (await once(client, "data")) as [Buffer];
      expect(answer.toString()).toBe(`you said ${word}\n`);
      client.destroy();
    }
    const pending = connect(8099, address);
    await once(pending, "connect");
    const closed = new Promise((resolve) => pending.on("error", () => {}).once("close", resolve));
    await fixture.board.powerOff();
    await closed;
    const refused = connect(8099, address);
    const [error] = (await once(refused, "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ECONNREFUSED");
    await fixture.board.powerOn();
    await fixture.waitFor("end");
  });

  it("wake a poll for the console", async () => {
    await using fixture = await startBoard({
      mode: "real",
      main: `
import select, sys
p = select.poll()
p.register(sys.stdin, select.POLLIN)
print("ready end")
for o, flags in p.ipoll(5000): print(o is sys.stdin, flags, sys.stdin.read(1), "end")
`,
    });
    await until(fixture);
    await fixture.type("k");
    expect(await until(fixture)).toBe("True 1 k ");
  });

  it("are interrupted by Ctrl-C", async () => {
    const port = await listen(() => {});
    await using fixture = await startBoard({
      mode: "real",
      main: `${join}
s = socket.socket()
s.connect(("127.0.0.1", ${port}))
p = select.poll()
p.register(s, select.POLLIN)
for wait in (lambda: s.recv(1), lambda: p.poll(-1)):
    print("wait end")
    try: wait()
    except KeyboardInterrupt: print("interrupted")
print("end")
`,
    });
    await until(fixture);
    await fixture.type("\x03");
    expect(await until(fixture)).toBe("interrupted\nwait ");
    await fixture.type("\x03");
    expect(await until(fixture)).toBe("interrupted\n");
  });
});
