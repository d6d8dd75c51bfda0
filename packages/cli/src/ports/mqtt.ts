import { LinkError, PermissionError } from "@espx/proto";
import type { IPublishPacket, MqttClient } from "mqtt";
import { maskUrl } from "./mask-url.ts";
import { type BrokerOptions, clientOptions } from "./mqtt-options.ts";
import { mqttCanceled, mqttTimeout, translateMqttError } from "./mqtt-errors.ts";
import { fitsFilter } from "./topic-filter.ts";

export type { BrokerOptions } from "./mqtt-options.ts";

const defaultTimeoutMs = 10_000;

/** What a broker answers to a subscription that it forbids. */
const subscriptionRefused = 0x80;

export interface BrokerMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** True for what the broker kept and sends to a new subscriber. */
  readonly retained: boolean;
}

/** A connection to a broker. It comes back by itself after a loss, with its subscriptions. */
export interface BrokerLink {
  /** Resolves when the broker has it (QoS 1, 2) or when it is on its way (QoS 0). */
  publish(
    topic: string,
    payload: Uint8Array | string,
    options?: { readonly qos?: 0 | 1 | 2; readonly retain?: boolean },
  ): Promise<void>;
  /** Delivers what fits `filter` until the answered function is called. */
  subscribe(
    filter: string,
    handler: (message: BrokerMessage) => void,
    options?: { readonly qos?: 0 | 1 | 2 },
  ): Promise<() => Promise<void>>;
  /** Tells when the connection is lost (false) and when it is back (true). */
  onState(listener: (up: boolean) => void): () => void;
  close(): Promise<void>;
}

/**
 * Connects to a broker; the first failure ends it.
 *
 * @throws UsageError `mqtt/bad-url`
 * @throws LinkError `mqtt/unreachable`, `mqtt/timeout`, `mqtt/refused`
 * @throws PermissionError `mqtt/not-authorized`
 * @throws VerifyError `mqtt/certificate`
 */
export async function connectBroker(options: BrokerOptions): Promise<BrokerLink> {
  const { url, signal, timeoutMs = defaultTimeoutMs } = options;
  if (signal?.aborted === true) throw mqttCanceled(url);
  const settings = clientOptions(options, timeoutMs);
  const { connect } = await import("mqtt");
  const client = connect(settings);
  try {
    await connected(client, { url, signal, timeoutMs });
  } catch (error) {
    // Somebody must hear what a client says while it is being taken down.
    client.on("error", () => {});
    client.end(true);
    throw translateMqttError(error, url);
  }
  return new MqttLink(client, { url, timeoutMs });
}

interface Attempt {
  readonly url: string;
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
}

async function connected(client: MqttClient, { url, signal, timeoutMs }: Attempt): Promise<void> {
  let undo = (): void => {};
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(mqttTimeout(url)), timeoutMs);
      const abort = (): void => reject(mqttCanceled(url));
      const closed = (): void => reject(new Error("the broker closed the connection before it answered"));
      signal?.addEventListener("abort", abort, { once: true });
      client
        .once("connect", () => resolve())
        .once("error", reject)
        .once("close", closed);
      undo = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        client.off("error", reject).off("close", closed);
      };
    });
  } finally {
    undo();
  }
}

class MqttLink implements BrokerLink {
  readonly #client: MqttClient;
  readonly #url: string;
  readonly #timeoutMs: number;
  readonly #handlers = new Map<
    object,
    { readonly filter: string; readonly handler: (message: BrokerMessage) => void }
  >();
  readonly #states = new Set<(up: boolean) => void>();
  #up = true;

  constructor(client: MqttClient, { url, timeoutMs }: { readonly url: string; readonly timeoutMs: number }) {
    this.#client = client;
    this.#url = url;
    this.#timeoutMs = timeoutMs;
    client.on("message", (topic, payload, packet) => this.#deliver(topic, payload, packet));
    client.on("connect", () => this.#state(true));
    client.on("close", () => this.#state(false));
    // What keeps a lost connection from coming back is told again at each attempt, and `onState` says that it is lost.
    client.on("error", () => {});
  }

  async publish(
    topic: string,
    payload: Uint8Array | string,
    { qos = 0, retain = false }: { readonly qos?: 0 | 1 | 2; readonly retain?: boolean } = {},
  ): Promise<void> {
    const bytes =
      typeof payload === "string" ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    await this.#confirmed(`publishing to ${topic}`, (done) =>
      this.#client.publish(topic, bytes, { qos, retain }, (error) => done(error)),
    );
  }

  async subscribe(
    filter: string,
    handler: (message: BrokerMessage) => void,
    { qos = 0 }: { readonly qos?: 0 | 1 | 2 } = {},
  ): Promise<() => Promise<void>> {
    const entry = {};
    this.#handlers.set(entry, { filter, handler });
    try {
      await this.#confirmed(`subscribing to ${filter}`, (done) => {
        this.#client.subscribe(filter, { qos }, (error, granted) => {
          const refused = granted?.some((grant) => grant.qos === subscriptionRefused) === true;
          done(refused ? this.#forbidden(filter) : error);
        });
      });
    } catch (error) {
      this.#handlers.delete(entry);
      throw error;
    }
    return async () => {
      this.#handlers.delete(entry);
      if (![...this.#handlers.values()].some((other) => other.filter === filter)) {
        await this.#confirmed(`unsubscribing from ${filter}`, (done) =>
          this.#client.unsubscribe(filter, (error) => done(error ?? null)),
        );
      }
    };
  }

  onState(listener: (up: boolean) => void): () => void {
    this.#states.add(listener);
    return () => this.#states.delete(listener);
  }

  async close(): Promise<void> {
    this.#states.clear();
    this.#handlers.clear();
    await new Promise<void>((resolve) => this.#client.end(!this.#up, {}, () => resolve()));
  }

  #forbidden(filter: string): PermissionError {
    return new PermissionError(
      "mqtt/not-authorized",
      `${maskUrl(this.#url)} does not let this user subscribe to ${filter}`,
      {
        hint: "look at the broker's access list",
      },
    );
  }

  #state(up: boolean): void {
    if (up === this.#up) return;
    this.#up = up;
    for (const listener of this.#states) listener(up);
  }

  #deliver(topic: string, payload: Uint8Array, packet: IPublishPacket): void {
    const message = { topic, payload, retained: packet.retain };
    for (const { filter, handler } of this.#handlers.values()) if (fitsFilter(topic, filter)) handler(message);
  }

  #confirmed(what: string, start: (done: (error: Error | null | undefined) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const why = this.#up ? "the broker did not confirm it" : "the connection to the broker is lost";
        reject(
          new LinkError("mqtt/lost", `${what}: ${why} within ${this.#timeoutMs} ms`, {
            details: { broker: maskUrl(this.#url) },
          }),
        );
      }, this.#timeoutMs);
      start((error) => {
        clearTimeout(timer);
        if (error instanceof Error) reject(lost(what, error));
        else resolve();
      });
    });
  }
}

function lost(what: string, cause: Error): Error {
  if (cause instanceof PermissionError) return cause;
  // MQTT.js names a refused subscription so, before it hands out what was granted.
  if (/Unspecified error|Not authorized/i.test(cause.message)) {
    return new PermissionError("mqtt/not-authorized", `${what}: the broker does not let this user`, {
      hint: "look at the broker's access list",
      cause,
    });
  }
  return new LinkError("mqtt/lost", `${what}: ${cause.message}`, { cause });
}
