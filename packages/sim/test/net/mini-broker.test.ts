import { describe, expect, it } from "vitest";
import { BrokerMirror } from "../../src/net/broker/broker-mirror.ts";
import { MiniBroker } from "../../src/net/broker/mini-broker.ts";
import { encodePublish } from "../../src/net/broker/mqtt-replies.ts";
import type { ServerHandler } from "../../src/net/server-side.ts";
import { Timers } from "../../src/worker/timers.ts";

const text = (value: string): number[] => [0, value.length, ...new TextEncoder().encode(value)];
const packet = (first: number, body: readonly number[]): Uint8Array => Uint8Array.of(first, body.length, ...body);

interface ConnectOptions {
  readonly clean?: boolean;
  readonly keepAliveS?: number;
  readonly will?: string;
}

/** A broker on a clock of its own, and clients that keep what they got. */
class Bench {
  nowMs = 0;
  readonly mirror: BrokerMirror;
  readonly broker: MiniBroker;
  readonly #timers = new Timers();

  constructor(mirror = new BrokerMirror()) {
    this.mirror = mirror;
    this.broker = new MiniBroker({
      clock: { now: () => this.nowMs, at: (dueMs, callback) => this.#timers.add(dueMs * 1000, callback) },
      behaviour: { kind: "normal" },
      state: mirror.state.snapshot(),
      record: (record) => mirror.apply(structuredClone(record), this.nowMs),
    });
  }

  advance(ms: number): void {
    this.nowMs += ms;
    this.#timers.run(this.nowMs * 1000);
  }

  client(): Client {
    return new Client(this.broker);
  }
}

class Client {
  got: number[] = [];
  isClosed = false;
  readonly handler: ServerHandler;

  constructor(broker: MiniBroker) {
    this.handler = broker.accept({
      peer: { address: "192.168.7.2", port: 50_000 },
      send: (bytes) => this.got.push(...bytes),
      close: () => (this.isClosed = true),
    });
  }

  take(): number[] {
    const taken = this.got;
    this.got = [];
    return taken;
  }

  connect(name: string, { clean = true, keepAliveS = 0, will }: ConnectOptions = {}): number[] {
    const flags = (clean ? 2 : 0) | (will === undefined ? 0 : 0x24);
    const willPart = will === undefined ? [] : [...text("will"), ...text(will)];
    this.handler.feed(packet(0x10, [...text("MQTT"), 4, flags, 0, keepAliveS, ...text(name), ...willPart]));
    return this.take();
  }

  subscribe(filter: string, qos = 0): number[] {
    this.handler.feed(packet(0x82, [0, 9, ...text(filter), qos]));
    return this.take();
  }

  publish(topic: string, payload: string, { retain = false, qos = 0 as 0 | 1 } = {}): number[] {
    this.handler.feed(encodePublish({ topic, payload: new TextEncoder().encode(payload), qos, retain }, { id: 5 }));
    return this.take();
  }
}

const message = (
  topic: string,
  payload: string,
  { retain = false, qos = 0 as 0 | 1, dup = false, id = 0 } = {},
): number[] => [...encodePublish({ topic, payload: new TextEncoder().encode(payload), qos, retain }, { dup, id })];

describe("the small broker", () => {
  it("accepts a client, grants a subscription, answers a ping", () => {
    const client = new Bench().client();
    expect(client.connect("a")).toEqual([0x20, 2, 0, 0]);
    expect(client.subscribe("x/#", 2)).toEqual([0x90, 3, 0, 9, 1]);
    client.handler.feed(Uint8Array.of(0xc0, 0));
    expect(client.take()).toEqual([0xd0, 0]);
  });

  it("delivers to each session once, at the lower of both QoS", () => {
    const bench = new Bench();
    const [from, to] = [bench.client(), bench.client()];
    from.connect("from");
    to.connect("to");
    to.subscribe("x/+", 1);
    to.subscribe("x/#", 0);
    expect(from.publish("x/y", "1", { qos: 1 })).toEqual([0x40, 2, 0, 5]);
    expect(to.take()).toEqual(message("x/y", "1", { qos: 1, id: 1 }));
    from.publish("x/y", "2");
    expect(to.take()).toEqual(message("x/y", "2"));
  });

  it("keeps a retained message for who subscribes later, until an empty one", () => {
    const bench = new Bench();
    const from = bench.client();
    from.connect("from");
    from.publish("r", "kept", { retain: true });
    const to = bench.client();
    to.connect("to");
    expect(to.subscribe("r")).toEqual([0x90, 3, 0, 9, 0, ...message("r", "kept", { retain: true })]);
    from.publish("r", "", { retain: true });
    expect(to.take()).toEqual(message("r", ""));
    expect(to.subscribe("r")).toEqual([0x90, 3, 0, 9, 0]);
  });

  it("publishes the will of a client that vanished, not of one that said goodbye", () => {
    const bench = new Bench();
    const [vanishing, leaving] = [bench.client(), bench.client()];
    vanishing.connect("v", { will: "gone" });
    leaving.connect("l", { will: "never" });
    leaving.handler.feed(Uint8Array.of(0xe0, 0));
    vanishing.handler.closed();
    expect(bench.mirror.published.map(({ text: payload }) => payload)).toEqual(["gone"]);
    expect(bench.mirror.clients.size).toBe(0);
  });

  it("closes the older connection of the same client", () => {
    const bench = new Bench();
    const [first, second] = [bench.client(), bench.client()];
    first.connect("same", { will: "taken over" });
    second.connect("same");
    expect(first.isClosed).toBe(true);
    expect(second.isClosed).toBe(false);
    expect([...bench.mirror.clients.keys()]).toEqual(["same"]);
    expect(bench.mirror.published).toHaveLength(1);
  });

  it("drops a client that is silent for one and a half keep-alive times", () => {
    const bench = new Bench();
    const client = bench.client();
    client.connect("k", { keepAliveS: 10 });
    bench.advance(14_000);
    client.handler.feed(Uint8Array.of(0xc0, 0));
    bench.advance(14_000);
    expect(client.isClosed).toBe(false);
    bench.advance(2000);
    expect(client.isClosed).toBe(true);
  });

  it("keeps what a persistent session missed, also through the host when no broker runs", () => {
    const bench = new Bench();
    const first = bench.client();
    expect(first.connect("p", { clean: false })).toEqual([0x20, 2, 0, 0]);
    first.subscribe("q", 1);
    first.handler.closed();
    bench.broker.publish({ topic: "q", payload: Uint8Array.of(49), qos: 1, retain: false });
    bench.mirror.publish({ topic: "q", payload: Uint8Array.of(50), qos: 1, retain: false }, 0);
    const later = new Bench(bench.mirror).client();
    expect(later.connect("p", { clean: false })).toEqual([
      0x20,
      2,
      1,
      0,
      ...message("q", "1", { qos: 1, id: 1 }),
      ...message("q", "2", { qos: 1, id: 2 }),
    ]);
  });

  it("repeats, marked as such, what a persistent session did not acknowledge", () => {
    const bench = new Bench();
    const first = bench.client();
    first.connect("p", { clean: false });
    first.subscribe("q", 1);
    bench.broker.publish({ topic: "q", payload: Uint8Array.of(49), qos: 1, retain: false });
    first.handler.closed();
    const again = bench.client();
    expect(again.connect("p", { clean: false })).toEqual([
      0x20,
      2,
      1,
      0,
      ...message("q", "1", { qos: 1, id: 1, dup: true }),
    ]);
    again.handler.feed(Uint8Array.of(0x40, 2, 0, 1));
    again.handler.closed();
    expect(bench.client().connect("p", { clean: false })).toEqual([0x20, 2, 1, 0]);
  });

  it("refuses with the code it is given and closes", () => {
    const bench = new Bench();
    bench.broker.setBehaviour({ kind: "refuse", code: 4 });
    const client = bench.client();
    expect(client.connect("a")).toEqual([0x20, 2, 0, 4]);
    expect(client.isClosed).toBe(true);
  });

  it("hangs while it is silent, and answers all of it afterwards", () => {
    const bench = new Bench();
    bench.broker.setBehaviour({ kind: "silent" });
    const client = bench.client();
    expect(client.connect("a", { keepAliveS: 1 })).toEqual([]);
    bench.advance(60_000);
    expect(client.isClosed).toBe(false);
    bench.broker.setBehaviour({ kind: "normal" });
    expect(client.take()).toEqual([0x20, 2, 0, 0]);
  });

  it("closes who speaks before connecting, connects twice, or breaks the protocol", () => {
    for (const bytes of [Uint8Array.of(0xc0, 0), Uint8Array.of(0x36, 3, 0, 1, 97), Uint8Array.of(0x00, 0)]) {
      const client = new Bench().client();
      client.handler.feed(bytes);
      expect(client.isClosed).toBe(true);
    }
    const twice = new Bench().client();
    twice.connect("a");
    twice.connect("a");
    expect(twice.isClosed).toBe(true);
  });
});
