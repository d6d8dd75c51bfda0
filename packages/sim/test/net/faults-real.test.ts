import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { createSocket } from "node:dgram";
import { afterEach, describe, expect, it } from "vitest";
import { startBoard, type BoardFixture } from "../board-fixture.ts";
import { join } from "./programs.ts";

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server that sends back what it gets. */
async function echo(): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as { port: number }).port;
}

/** What the program says in its next whole round, and only then begun. */
async function nextRound(fixture: BoardFixture): Promise<string> {
  fixture.take();
  await fixture.waitFor("round\r\n");
  fixture.take();
  await fixture.waitFor("round\r\n");
  return fixture.take();
}

describe("in real time a board", () => {
  it("waits for a delay, does not get over a partition, and goes on where it was", async () => {
    const port = await echo();
    const main = `${join}
s = socket.socket()
s.connect(("127.0.0.1", ${port}))
s.settimeout(0.9)
said = heard = 0
def ask():
    global said, heard
    s.write(b"%d\\n" % said)
    said += 1
    while heard < said:
        if int(s.readline()) != heard:
            raise ValueError
        heard += 1
    return "heard all"
while True:
    time.sleep_ms(50)
    attempt(ask)
    attempt(socket.getaddrinfo, "127.0.0.1", 1)
    print("round")
`;
    await using fixture = await startBoard({ mode: "real", main });
    expect(await nextRound(fixture)).toMatch(/heard all \d\d?\r\n/);
    fixture.board.fault({ kind: "delay", ms: 200 });
    const ms = Number(/heard all (\d+)/.exec(await nextRound(fixture))?.[1]);
    expect(ms).toBeGreaterThanOrEqual(400);
    expect(ms).toBeLessThan(800);
    fixture.board.fault({ kind: "delay", ms: 0 });
    fixture.board.fault({ kind: "partition", from: "everything" });
    expect(await nextRound(fixture)).toMatch(/OSError 116 9\d\d/);
    fixture.board.fault({ kind: "partition", from: "nothing" });
    expect(await nextRound(fixture)).toContain("heard all");
  });

  it("sends datagrams into a partition for good", async () => {
    const heard: string[] = [];
    const peer = createSocket("udp4").on("message", (bytes) => void heard.push(bytes.toString()));
    peer.bind(0, "127.0.0.1");
    await once(peer, "listening");
    const main = `${join}
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
n = 0
while True:
    time.sleep_ms(20)
    u.sendto(b"%d" % n, ("127.0.0.1", ${peer.address().port}))
    print(n)
    print("round")
    n += 1
`;
    await using fixture = await startBoard({ mode: "real", main });
    await nextRound(fixture);
    fixture.board.fault({ kind: "partition", from: "everything" });
    // The program is ahead of what was heard of it: it has to learn of the fault first.
    for (let round = 0; round < 10; round++) await nextRound(fixture);
    const lost = /\d+/.exec(await nextRound(fixture))?.[0] ?? "";
    fixture.board.fault({ kind: "partition", from: "nothing" });
    while (Number(heard.at(-1)) <= Number(lost)) await once(peer, "message");
    peer.close();
    expect(heard).not.toContain(lost);
    expect(heard).toContain("0");
  });
});
