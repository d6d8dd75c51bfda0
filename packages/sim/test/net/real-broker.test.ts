import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { Aedes } from "aedes";
import { isEspxError } from "@espx/proto";
import { afterEach, describe, expect, it } from "vitest";
import { has } from "../../../../testsuite/programs.ts";
import { programText, startBoard } from "../board-fixture.ts";
import { join, mqttClient } from "./programs.ts";

const undo: (() => void)[] = [];

afterEach(() => {
  for (const step of undo.splice(0).reverse()) step();
});

async function startAedes(): Promise<number> {
  const broker = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    broker.handle(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  undo.push(() => {
    broker.close();
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as { port: number }).port;
}

async function startMosquitto(): Promise<number> {
  const port = 20_000 + (process.pid % 20_000);
  const child: ChildProcess = spawn("mosquitto", ["-p", String(port)], { stdio: "ignore" });
  undo.push(() => child.kill());
  for (let attempt = 0; attempt < 100; attempt++) {
    const probe = connect(port, "127.0.0.1");
    const up = await new Promise<boolean>((resolve) => {
      probe.once("connect", () => resolve(true));
      probe.once("error", () => resolve(false));
    });
    probe.destroy();
    if (up) return port;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("mosquitto does not come up");
}

const exchange = (port: number): string => `${join}${mqttClient}
s = mqtt(("127.0.0.1", ${port}), "board")
print(s.read(4))
print(ask(s, "a/#"))
for n in range(20):
    say(s, "a/b", str(n))
    head = s.read(7)
    print(s.read(head[1] - 5).decode(), end=" ")
print("end")
`;

/** What a board printed after it subscribed and sent twenty messages to itself. */
async function exchangeWith(start: () => Promise<number>): Promise<string> {
  const port = await start();
  await using fixture = await startBoard({ mode: "real", main: exchange(port) });
  await fixture.waitFor("end\r\n");
  return programText(fixture.take());
}

const exchanged = `b' \\x02\\x00\\x00'\r\nb'\\x90\\x03\\x00\\x07\\x00'\r\n${Array.from({ length: 20 }, (_, n) => n).join(" ")} end\r\n`;

describe("a board on a real broker", () => {
  it("exchanges messages with aedes", async () => {
    expect(await exchangeWith(startAedes)).toBe(exchanged);
  });

  it.skipIf(!has("mosquitto"))("exchanges messages with mosquitto (needs mosquitto)", async () => {
    expect(await exchangeWith(startMosquitto)).toBe(exchanged);
  });

  it("is refused, left hanging, hung up on, and served again", async () => {
    const port = await startAedes();
    await using fixture = await startBoard({
      mode: "real",
      main: `${join}${mqttClient}
while True:
    sys.stdin.readline()
    s = mqtt(("127.0.0.1", ${port}), "board")
    s.settimeout(0.3)
    attempt(lambda: s.read(4))
    print("end")
`,
    });
    fixture.world.net.brokerPorts(port);
    const next = async (): Promise<string> => {
      await fixture.type("\n");
      await fixture.waitFor("end\r\n");
      return programText(fixture.take()).replace(/ \d+\r\nend\r\n/, "");
    };
    const { broker } = fixture.world.net;
    broker.refuse(3);
    expect(await next()).toBe("b' \\x02\\x00\\x03'");
    broker.silent();
    expect(await next()).toBe("OSError 116");
    broker.closing();
    expect(await next()).toMatch(/^(b''|OSError (104|128))$/);
    broker.normal();
    expect(await next()).toBe("b' \\x02\\x00\\x00'");
    fixture.board.fault({ kind: "broker", behaviour: "refuse" });
    expect(await next()).toBe("b' \\x02\\x00\\x05'");
  });

  it("says that the world does not see into it", async () => {
    await using fixture = await startBoard({ mode: "real" });
    for (const look of [() => fixture.world.net.broker.published, () => fixture.world.net.broker.publish("a", "b")]) {
      expect(look).toThrow(expect.toSatisfy((error: unknown) => isEspxError(error, "sim/broker-real")));
    }
  });

  it("loses its link and gets it back with the connection", async () => {
    const port = await startAedes();
    await using fixture = await startBoard({
      mode: "real",
      main: `${join}${mqttClient}
s = mqtt(("127.0.0.1", ${port}), "board")
s.read(4)
print("end")
sys.stdin.readline()
print(_w.isconnected(), s.write(b"\\xc0\\0"))
print(s.read(2), _w.isconnected())
print("end")
`,
    });
    await fixture.waitFor("end\r\n");
    fixture.take();
    fixture.world.net.linkLoss(300);
    await fixture.type("\n");
    await fixture.waitFor("end\r\n");
    expect(programText(fixture.take())).toBe("False 2\r\nb'\\xd0\\x00' True\r\nend\r\n");
  });
});
