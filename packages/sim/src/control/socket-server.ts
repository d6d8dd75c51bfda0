import { LinkError } from "@espx/proto";
import { createServer, type ListenOptions, type Server, type Socket } from "node:net";

/**
 * Bytes that wait for a client that does not read; what the board says beyond them is lost, as on a real adapter. A chip whose flash is
 * read sends 256 KiB before it waits for a word, and here it does so at once.
 */
export const unreadMaxBytes = 4 * 1024 * 1024;

/**
 * Listens at a socket path or a TCP port, and keeps track of who is connected.
 *
 * When a client ends its side, ours stays open until `serve` ends it: a client that waits for that end knows that what it held is free.
 */
export async function listenOn(
  where: ListenOptions,
  serve: (socket: Socket) => void,
): Promise<{ readonly server: Server; readonly sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // Without a listener a reset by the peer would end the process; the reader of the socket hears of it as well.
    socket.on("error", () => {});
    serve(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      const place = where.path ?? `${where.host}:${where.port}`;
      reject(new LinkError("sim/socket-unusable", `cannot listen at ${place}: ${cause.message}`, { cause }));
    });
    server.listen(where, resolve);
  });
  return { server, sockets };
}

/** Stops listening and ends every connection; resolves when all are gone. */
export async function closeServer(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const socket of sockets) socket.destroy();
  await closed;
}

/** What a client sends, chunk by chunk. Leaving the loop keeps the connection, so that the client can be told why it ends. */
export function chunksOf(socket: Socket): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => socket.iterator({ destroyOnReturn: false }) };
}

/** Ends our side after what was written, and reads on to hear the client end its own. */
export function endSide(socket: Socket): void {
  socket.end();
  socket.resume();
}
