import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { SerialLink, Signals } from "@espx/proto";

/** A board's serial port, opened by the page. */
type OpenPort = () => SerialLink;

/** A server with the page, the library for browsers, and ports of boards. */
export interface Bridge extends AsyncDisposable {
  readonly url: string;
  /** What the page says in the end. */
  readonly done: Promise<unknown>;
}

const files: readonly (readonly [prefix: string, folder: string])[] = [
  ["/browser/", fileURLToPath(new URL("../../../packages/cli/dist/browser/", import.meta.url))],
  ["/", fileURLToPath(new URL(".", import.meta.url))],
];
const start = `<!doctype html><script type="module" src="/page.js"></script>`;

/** Serves on a free port of this machine. */
export async function startBridge(ports: Readonly<Record<string, OpenPort>>): Promise<Bridge> {
  const links = new Map<string, SerialLink>();
  let finish: (result: unknown) => void = () => {};
  const done = new Promise<unknown>((resolve) => (finish = resolve));

  const act: Readonly<Record<string, (name: string, body: Buffer) => Promise<unknown>>> = {
    open: async (name, body) => {
      const { baudRate } = JSON.parse(body.toString()) as { readonly baudRate: number };
      const link = ports[name]?.();
      if (link === undefined) return;
      links.set(name, link);
      await link.setBaud(baudRate);
    },
    write: async (name, body) => links.get(name)?.write(new Uint8Array(body)),
    signals: async (name, body) => links.get(name)?.setSignals(JSON.parse(body.toString()) as Signals),
    close: async (name) => {
      await links.get(name)?.close();
      links.delete(name);
    },
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? "/";
    const [, port = "", what = ""] = /^\/port\/(\w+)\/(\w+)$/.exec(path) ?? [];
    const body = Buffer.concat(await request.toArray());
    if (path === "/") return void response.setHeader("content-type", "text/html").end(start);
    if (path === "/done") finish(JSON.parse(body.toString()));
    else if (what === "bytes") return stream(links.get(port), response);
    else if (port !== "") await act[what]?.(port, body);
    else return serveFile(path, response);
    response.end();
  };

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.writeHead(500).end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    done,
    async [Symbol.asyncDispose]() {
      for (const link of links.values()) await link.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What the board sends, until the page or the port ends it. */
function stream(link: SerialLink | undefined, response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/octet-stream" });
  response.flushHeaders();
  const stop = link?.listen({ chunk: (bytes) => response.write(bytes), closed: () => response.end() });
  response.on("close", () => stop?.());
}

async function serveFile(path: string, response: ServerResponse): Promise<void> {
  const [prefix, folder] = files.find(([start]) => path.startsWith(start)) ?? ["/", ""];
  const content = await readFile(folder + path.slice(prefix.length));
  response.setHeader("content-type", "text/javascript").end(content);
}
