import { UsageError } from "@espx/proto";
import { randomBytes } from "node:crypto";
import type { IClientOptions } from "mqtt";
import { maskUrl } from "./mask-url.ts";

const reconnectPauseMs = 1_000;
const keepaliveS = 30;

/** A broker, and how to be let in. */
export interface BrokerOptions {
  /** `mqtt://`, `mqtts://`, `ws://` or `wss://`; user and password may stand in it. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** PEM texts. */
  readonly ca?: string | Uint8Array;
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  readonly signal?: AbortSignal;
  /** For connecting, and for each confirmation by the broker. */
  readonly timeoutMs?: number;
}

/**
 * The settings of MQTT.js for `options`.
 *
 * @throws UsageError `mqtt/bad-url`
 */
export function clientOptions(options: BrokerOptions, timeoutMs: number): IClientOptions {
  const url = parseUrl(options.url);
  const username = options.username ?? (decodeURIComponent(url.username) || undefined);
  const password = options.password ?? (decodeURIComponent(url.password) || undefined);
  const protocol = url.protocol.slice(0, -1) as "mqtt" | "mqtts" | "ws" | "wss";
  return {
    protocol,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port) || defaultPorts[protocol],
    ...(protocol.startsWith("ws") ? { path: `${url.pathname}${url.search}` } : {}),
    clientId: `espx-${randomBytes(6).toString("hex")}`,
    clean: true,
    keepalive: keepaliveS,
    connectTimeout: timeoutMs,
    reconnectPeriod: reconnectPauseMs,
    resubscribe: true,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...Object.fromEntries((["ca", "cert", "key"] as const).flatMap((key) => pem(key, options[key]))),
  };
}

const defaultPorts = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 } as const;

function pem(key: string, value: string | Uint8Array | undefined): [string, string | Buffer][] {
  if (value === undefined) return [];
  return [[key, typeof value === "string" ? value : Buffer.from(value)]];
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && url.hostname !== "" && url.protocol.slice(0, -1) in defaultPorts) return url;
  throw new UsageError("mqtt/bad-url", `"${maskUrl(text)}" is not a broker's address`, {
    hint: "for example mqtt://192.168.1.10:1883, or mqtts://broker.example.org for TLS",
  });
}
