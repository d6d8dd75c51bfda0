import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

const certificates = new URL("../../sim/test/net/certificates/", import.meta.url);
const pem = (name: string): Buffer => readFileSync(new URL(name, certificates));

/** The authority that signed the server's certificate, for NODE_EXTRA_CA_CERTS. */
export const authorityFile = fileURLToPath(new URL("ca.pem", certificates));

/** What a path answers: bytes, another address, a status, or an end in the middle of the bytes. */
type Answer = Uint8Array | { readonly to: string } | { readonly status: number } | { readonly cutShort: Uint8Array };

/** A server of files behind TLS, which notes what it was asked for. */
export interface FileServer extends AsyncDisposable {
  /** `https://localhost:PORT` */
  readonly url: string;
  readonly asked: readonly string[];
  give(path: string, answer: Answer): void;
}

export async function startFileServer(): Promise<FileServer> {
  const answers = new Map<string, Answer>();
  const asked: string[] = [];
  const server: Server = createServer({ key: pem("server.key"), cert: pem("server.pem") }, (request, response) => {
    const path = request.url ?? "";
    asked.push(path);
    const answer = answers.get(path) ?? { status: 404 };
    if ("status" in answer) response.writeHead(answer.status).end();
    else if ("to" in answer) response.writeHead(302, { location: answer.to }).end();
    else if ("cutShort" in answer) {
      response.writeHead(200, { "content-length": answer.cutShort.length * 2 });
      response.write(answer.cutShort, () => response.destroy());
    } else response.writeHead(200, { "content-length": answer.length }).end(answer);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://localhost:${port}`,
    asked,
    give: (path, answer) => void answers.set(path, answer),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
