import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

const certificates = new URL("../../sim/test/net/certificates/", import.meta.url);
const pem = (name: string): Buffer => readFileSync(new URL(name, certificates));

/** The authority that signed the server's certificate, for NODE_EXTRA_CA_CERTS. */
export const authorityFile = fileURLToPath(new URL("ca.pem", certificates));

/** What a path answers: bytes, another address, a status, or an end in the middle of the bytes. */
type Answer =
  | Uint8Array
  | { readonly to: string }
  | { readonly status: number }
  | { readonly cutShort: Uint8Array }
  /** Breaks off after so many bytes of each answer; gives the rest to who asks for it with the right tag. */
  | { readonly breaksAfter: number; readonly bytes: Uint8Array; readonly etags: readonly string[] };

/** Answers with the whole, or with the rest where that is asked for and the file is the same; only the last of the tags is not broken off. */
function answerInParts(
  request: IncomingMessage,
  response: ServerResponse,
  { breaksAfter, bytes, etags }: Extract<Answer, { readonly bytes: Uint8Array }>,
): void {
  const tag = etags[Math.min(partsAsked++, etags.length - 1)] ?? "";
  const from =
    request.headers["if-range"] === tag ? Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0) : 0;
  const rest = bytes.subarray(from);
  const range = from > 0 && { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
  response.writeHead(from > 0 ? 206 : 200, { "content-length": rest.length, etag: tag, ...range });
  if (rest.length <= breaksAfter) response.end(rest);
  else response.write(rest.subarray(0, breaksAfter), () => response.destroy());
}

let partsAsked = 0;

/** A server of files behind TLS, which notes what it was asked for. */
export interface FileServer extends AsyncDisposable {
  /** `https://localhost:PORT` */
  readonly url: string;
  readonly asked: readonly string[];
  /** The `Range` of each request, empty where there was none. */
  readonly ranges: readonly string[];
  give(path: string, answer: Answer): void;
}

export async function startFileServer(): Promise<FileServer> {
  const answers = new Map<string, Answer>();
  const asked: string[] = [];
  const ranges: string[] = [];
  const server: Server = createServer({ key: pem("server.key"), cert: pem("server.pem") }, (request, response) => {
    const path = request.url ?? "";
    asked.push(path);
    ranges.push(request.headers.range ?? "");
    const answer = answers.get(path) ?? { status: 404 };
    if ("status" in answer) response.writeHead(answer.status).end();
    else if ("to" in answer) response.writeHead(302, { location: answer.to }).end();
    else if ("breaksAfter" in answer) answerInParts(request, response, answer);
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
    ranges,
    give: (path, answer) => {
      answers.set(path, answer);
      partsAsked = 0;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
