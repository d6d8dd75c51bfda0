import { type ClientRequest, type IncomingMessage, request as requestPlain } from "node:http";
import { request as requestSecure } from "node:https";
import type { Socket } from "node:net";
import { LinkError, UsageError } from "@espx/proto";

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The proxy that a URL is fetched through, as `HTTPS_PROXY` and `NO_PROXY` have it, in capitals or not; undefined: none.
 *
 * `NO_PROXY` is a list of hosts with commas: each counts for its subdomains too, may carry a port, and `*` is every host.
 *
 * @throws UsageError `fetch/bad-proxy`
 */
export function proxyFor(url: string, env: Env): URL | undefined {
  const text = env["https_proxy"] ?? env["HTTPS_PROXY"] ?? "";
  if (text === "" || isExempt(new URL(url), env["no_proxy"] ?? env["NO_PROXY"] ?? "")) return undefined;
  const whole = text.includes("://") ? text : `http://${text}`;
  const proxy = URL.canParse(whole) ? new URL(whole) : undefined;
  if (proxy !== undefined && ["http:", "https:"].includes(proxy.protocol) && proxy.hostname !== "") return proxy;
  // The text is not shown: it may hold a password.
  throw new UsageError("fetch/bad-proxy", "HTTPS_PROXY is no address of a proxy", {
    hint: "it looks like http://proxy.example.org:3128, with user:password@ in front of the host where the proxy asks for them",
  });
}

function isExempt({ hostname, port }: URL, list: string): boolean {
  const entries = list.split(",").map((entry) => entry.trim().toLowerCase());
  return entries.some((entry) => {
    if (entry === "*") return true;
    const [, name = "", at] = /^\*?\.?([^:]*)(?::(\d+))?$/.exec(entry) ?? [];
    if (name === "" || (at !== undefined && at !== (port || "443"))) return false;
    return hostname === name || hostname.endsWith(`.${name}`);
  });
}

/** How long a proxy may take. */
interface TunnelOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/**
 * A connection through a proxy to the host of a URL, over which TLS is spoken end to end.
 *
 * @throws LinkError `fetch/proxy` when the proxy cannot be reached, or refuses
 */
export function tunnelTo(url: string, proxy: URL, { signal, timeoutMs }: TunnelOptions): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const target = `${hostname}:${port || 443}`;
  const login = [proxy.username, proxy.password].map((part) => decodeURIComponent(part)).join(":");
  return new Promise((resolve, reject) => {
    const request = proxy.protocol === "https:" ? requestSecure : requestPlain;
    const sent: ClientRequest = request({
      host: proxy.hostname,
      port: proxy.port || (proxy.protocol === "https:" ? 443 : 80),
      method: "CONNECT",
      path: target,
      signal,
      timeout: timeoutMs,
      headers: {
        host: target,
        ...(proxy.username !== "" && {
          "proxy-authorization": `Basic ${Buffer.from(login).toString("base64")}`,
        }),
      },
    });
    sent.on("connect", ({ statusCode = 0 }: IncomingMessage, socket: Socket) => {
      if (statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(refusedBy(proxy, target, statusCode));
    });
    sent.on("response", ({ statusCode = 0 }) => (sent.destroy(), reject(refusedBy(proxy, target, statusCode))));
    sent.on("timeout", () => sent.destroy(new Error(`silent for ${timeoutMs / 1000} s`)));
    sent.on("error", (cause) => reject(signal.aborted ? cause : unreachable(proxy, cause)));
    sent.end();
  });
}

function refusedBy(proxy: URL, target: string, status: number): LinkError {
  const hint =
    status === 407
      ? "it wants a user and a password: HTTPS_PROXY=http://USER:PASSWORD@host:port"
      : "is it the right proxy? A host that is reached without it stands in NO_PROXY";
  return new LinkError("fetch/proxy", `the proxy ${proxy.host} answers ${status} for ${target}`, { hint });
}

function unreachable(proxy: URL, cause: Error): LinkError {
  return new LinkError("fetch/proxy", `the proxy ${proxy.host} of HTTPS_PROXY cannot be reached`, {
    cause,
    hint: "is it the right proxy? Without one: HTTPS_PROXY= espx …",
  });
}
