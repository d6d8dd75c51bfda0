import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { Aedes } from "aedes";
import { afterEach, describe, expect, test } from "vitest";
import { type EmbeddedBroker, startBroker } from "../../src/ports/broker.ts";
import { maskUrl } from "../../src/ports/mask-url.ts";
import { type BrokerLink, type BrokerMessage, type BrokerOptions, connectBroker } from "../../src/ports/mqtt.ts";
import { fitsFilter } from "../../src/ports/topic-filter.ts";
import { errorOf } from "./error-of.ts";

const links: BrokerLink[] = [];
const brokers: EmbeddedBroker[] = [];
const servers: { readonly server: Server; readonly sockets: Set<Socket> }[] = [];

afterEach(async () => {
  for (const link of links.splice(0)) await link.close();
  for (const broker of brokers.splice(0)) await broker.close();
  for (const { server, sockets } of servers.splice(0)) {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});

async function broker(port?: number): Promise<EmbeddedBroker> {
  const started = await startBroker(port === undefined ? {} : { port });
  brokers.push(started);
  return started;
}

async function connected(options: BrokerOptions): Promise<BrokerLink> {
  const link = await connectBroker(options);
  links.push(link);
  return link;
}

async function serverThat(serve: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    serve(socket);
  });
  servers.push({ server, sockets });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `mqtt://127.0.0.1:${(server.address() as { port: number }).port}`;
}

/** A handler that keeps what it gets, and a way to wait for so many. */
function inbox() {
  const messages: BrokerMessage[] = [];
  let wake = (): void => {};
  return {
    messages,
    handler: (message: BrokerMessage) => {
      messages.push(message);
      wake();
    },
    async count(wanted: number): Promise<void> {
      const deadline = performance.now() + 2_000;
      while (messages.length < wanted) {
        if (performance.now() > deadline) throw new Error(`got ${messages.length} of ${wanted}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
          setTimeout(resolve, 100);
        });
      }
    },
  };
}

function textOf({ payload }: BrokerMessage): string {
  return new TextDecoder().decode(payload);
}

describe("a broker link", () => {
  test("delivers what is published to those whose filter fits", async () => {
    const { url } = await broker();
    const link = await connected({ url });
    const stat = inbox();
    const rate = inbox();
    await link.subscribe("stat/shed/#", stat.handler);
    await link.subscribe("stat/+/Rate", rate.handler, { qos: 1 });
    await link.publish("stat/shed/Rate", "5", { qos: 1 });
    await link.publish("stat/shed/Uptime", Uint8Array.of(0, 255));
    await stat.count(2);
    await rate.count(1);
    expect(stat.messages.map(({ topic }) => topic)).toContain("stat/shed/Uptime");
    expect([...(stat.messages.find(({ topic }) => topic === "stat/shed/Uptime")?.payload ?? [])]).toEqual([0, 255]);
    expect(textOf(rate.messages[0] as BrokerMessage)).toBe("5");
    expect(rate.messages[0]?.retained).toBe(false);
  });

  test("tells retained messages from fresh ones", async () => {
    const { url } = await broker();
    const link = await connected({ url });
    await link.publish("stat/a/x", "old", { qos: 1, retain: true });
    const all = inbox();
    await link.subscribe("stat/a/x", all.handler);
    await all.count(1);
    expect(all.messages[0]).toMatchObject({ topic: "stat/a/x", retained: true });
  });

  test("stops delivering when a subscription is given up", async () => {
    const { url } = await broker();
    const link = await connected({ url });
    const first = inbox();
    const second = inbox();
    const stop = await link.subscribe("a", first.handler);
    await link.subscribe("b", second.handler);
    await stop();
    await link.publish("a", "1", { qos: 1 });
    await link.publish("b", "1", { qos: 1 });
    await second.count(1);
    expect(first.messages).toEqual([]);
  });

  test("says when the broker goes away, comes back with its subscriptions, and says that too", async () => {
    const first = await startBroker();
    const link = await connected({ url: first.url });
    const all = inbox();
    await link.subscribe("a", all.handler);
    const states: boolean[] = [];
    const back = new Promise<void>((resolve) =>
      link.onState((up) => {
        states.push(up);
        if (up) resolve();
      }),
    );
    await first.close();
    const second = await broker(first.port);
    await back;
    expect(states).toEqual([false, true]);
    const other = await connected({ url: second.url });
    for (let tries = 0; all.messages.length === 0 && tries < 20; tries++) {
      await other.publish("a", "again", { qos: 1 });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(textOf(all.messages[0] as BrokerMessage)).toBe("again");
  });

  test("publishing while the broker is away fails in its time", async () => {
    const first = await startBroker();
    const link = await connected({ url: first.url, timeoutMs: 200 });
    const gone = new Promise<void>((resolve) => link.onState(() => resolve()));
    await first.close();
    await gone;
    expect(await errorOf(link.publish("a", "1", { qos: 1 }))).toMatchObject({ code: "mqtt/lost", exitCode: 6 });
  });
});

describe("connecting", () => {
  test("to nobody says so and what to do", async () => {
    const gone = await startBroker();
    await gone.close();
    const error = await errorOf(connectBroker({ url: gone.url.replace("mqtt://", "mqtt://me:hunter2@") }));
    expect(error).toMatchObject({
      code: "mqtt/unreachable",
      exitCode: 6,
      hint: expect.stringContaining("start the broker"),
    });
    expect(error.message).toMatch(
      /^cannot reach the broker mqtt:\/\/me:\*\*\*@127\.0\.0\.1:\d+: nobody listens there$/,
    );
    expect(
      JSON.stringify([error.message, error.details, error.hint, String((error.cause as Error).message)]),
    ).not.toContain("hunter2");
  });

  test.each([
    [4, "mqtt/not-authorized", 12],
    [5, "mqtt/not-authorized", 12],
    [3, "mqtt/refused", 6],
    [2, "mqtt/refused", 6],
  ])("to a broker that answers CONNACK %i ends with %s", async (returnCode, code, exitCode) => {
    const url = await serverThat((socket) =>
      socket.once("data", () => socket.end(Uint8Array.of(0x20, 2, 0, returnCode))),
    );
    const error = await errorOf(connectBroker({ url, username: "me", password: "hunter2" }));
    expect(error).toMatchObject({ code, exitCode });
    expect(JSON.stringify([error.message, error.details])).not.toContain("hunter2");
  });

  test("with the right password works, with another it does not", async () => {
    const aedes = await Aedes.createBroker();
    aedes.authenticate = (_, username, password, done) => done(null, username === "me" && String(password) === "p@ss");
    const url = await serverThat((socket) => aedes.handle(socket));
    await connected({ url: url.replace("mqtt://", "mqtt://me:p%40ss@") });
    await connected({ url, username: "me", password: "p@ss" });
    expect(await errorOf(connectBroker({ url, username: "me", password: "no" }))).toMatchObject({
      code: "mqtt/not-authorized",
    });
    for (const link of links.splice(0)) await link.close();
    await new Promise<void>((resolve) => aedes.close(resolve));
  });

  test("subscribing where the broker forbids it ends with mqtt/not-authorized", async () => {
    const aedes = await Aedes.createBroker();
    aedes.authorizeSubscribe = (_, subscription, done) =>
      done(null, subscription.topic === "open" ? subscription : null);
    const url = await serverThat((socket) => aedes.handle(socket));
    const link = await connected({ url });
    await link.subscribe("open", () => {});
    expect(await errorOf(link.subscribe("secret", () => {}))).toMatchObject({
      code: "mqtt/not-authorized",
      exitCode: 12,
    });
    for (const open of links.splice(0)) await open.close();
    await new Promise<void>((resolve) => aedes.close(resolve));
  });

  test("to something silent ends in its time", async () => {
    const url = await serverThat(() => {});
    expect(await errorOf(connectBroker({ url, timeoutMs: 200 }))).toMatchObject({ code: "mqtt/timeout", exitCode: 6 });
  });

  test("to something that hangs up says so", async () => {
    const url = await serverThat((socket) => socket.end());
    expect(await errorOf(connectBroker({ url }))).toMatchObject({ code: "mqtt/unreachable" });
  });

  test("to something that speaks no MQTT says so", async () => {
    const url = await serverThat((socket) => socket.write("SSH-2.0-OpenSSH_9.2\r\n"));
    const error = await errorOf(connectBroker({ url, timeoutMs: 500 }));
    expect(["mqtt/unreachable", "mqtt/timeout"]).toContain(error.code);
  });

  test("can be called off", async () => {
    const url = await serverThat(() => {});
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 20);
    expect(await errorOf(connectBroker({ url, signal: abort.signal }))).toMatchObject({
      code: "mqtt/canceled",
      exitCode: 130,
    });
  });

  test.each(["", "host", "http://host", "mqtt://", "mqtt:host"])("%j is no address of a broker", async (url) => {
    expect(await errorOf(connectBroker({ url }))).toMatchObject({ code: "mqtt/bad-url", exitCode: 2 });
  });
});

describe("the embedded broker", () => {
  test("names who has the port that it was given", async () => {
    const { port } = await broker();
    const error = await errorOf(startBroker({ port }));
    expect(error).toMatchObject({ code: "broker/port-busy", exitCode: 5 });
    if (process.platform === "linux")
      expect(error.message).toBe(`port ${port} is in use by this program (pid ${process.pid})`);
  });

  test("frees its port when it is closed, also with clients on it", async () => {
    const first = await startBroker();
    const link = await connectBroker({ url: first.url });
    await first.close();
    await link.close();
    const second = await broker(first.port);
    expect(second.url).toBe(first.url);
  });

  test("can be reached from this machine only", async () => {
    expect((await broker()).url).toMatch(/^mqtt:\/\/127\.0\.0\.1:\d+$/);
  });
});

test("filters fit topics as MQTT says", () => {
  const rows: readonly (readonly [topic: string, filter: string, fits: boolean])[] = [
    ["a/b", "a/b", true],
    ["a/b", "a/+", true],
    ["a", "a/#", true],
    ["a/b/c", "a/#", true],
    ["a/b/c", "a/+", false],
    ["a", "a/+", false],
    ["/a", "+/a", true],
    ["a/b", "#", true],
    ["$SYS/x", "#", false],
    ["$SYS/x", "$SYS/#", true],
    ["ab", "a", false],
  ];
  for (const [topic, filter, fits] of rows)
    expect([topic, filter, fitsFilter(topic, filter)]).toEqual([topic, filter, fits]);
});

test("a password in an address is masked", () => {
  expect(maskUrl("mqtt://me:secret@host:1883/x")).toBe("mqtt://me:***@host:1883/x");
  expect(maskUrl("mqtt://:p:a@ss@host")).toBe("mqtt://:***@host");
  expect(maskUrl("mqtt://host:1883")).toBe("mqtt://host:1883");
});
