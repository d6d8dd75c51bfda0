import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";

/** An HTTP proxy that passes connections on, and notes them. */
export interface Proxy extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** `HOST:PORT` of each connection that was asked for. */
  readonly asked: readonly string[];
}

/** @param login - `user:password` that it wants; undefined wants none */
export async function startProxy(login?: string): Promise<Proxy> {
  const asked: string[] = [];
  const clients = new Set<Duplex>();
  const server = createServer((_, response) => void response.writeHead(405).end());
  server.on("connect", (request, client) => {
    client.on("error", () => {});
    clients.add(client);
    asked.push(request.url ?? "");
    const given = request.headers["proxy-authorization"];
    if (login !== undefined && given !== `Basic ${Buffer.from(login).toString("base64")}`) {
      client.end("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n");
      return;
    }
    const [host = "", port = ""] = (request.url ?? "").split(":");
    const onward = connect(Number(port), host, () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      onward.pipe(client).pipe(onward);
    });
    client.on("close", () => onward.destroy());
    onward.on("error", () => client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n"));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
