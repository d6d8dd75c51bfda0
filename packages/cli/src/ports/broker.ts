import { BusyError, LinkError, PermissionError } from "@espx/proto";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { findPortHolder, formatHolders } from "./resource-holder.ts";

const host = "127.0.0.1";

/** A running embedded broker. */
export interface EmbeddedBroker {
  readonly url: string;
  readonly port: number;
  /** Ends every connection and stops listening. */
  close(): Promise<void>;
}

/**
 * Starts an MQTT broker for this machine alone; without a port it takes a free one.
 *
 * @throws BusyError `broker/port-busy`, naming who listens there
 * @throws PermissionError `broker/port-forbidden`
 */
export async function startBroker({ port = 0 }: { readonly port?: number } = {}): Promise<EmbeddedBroker> {
  const { Aedes } = await import("aedes");
  const aedes = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    aedes.handle(socket);
  });
  const stop = async (): Promise<void> => {
    await new Promise<void>((resolve) => aedes.close(resolve));
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  try {
    await listen(server, port);
  } catch (error) {
    await stop();
    throw translateListenError(error as NodeJS.ErrnoException, port);
  }
  const bound = (server.address() as AddressInfo).port;
  return { url: `mqtt://${host}:${bound}`, port: bound, close: stop };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
}

function translateListenError(cause: NodeJS.ErrnoException, port: number): Error {
  const details = { port };
  if (cause.code === "EADDRINUSE") {
    const holder = findPortHolder(port);
    const who = formatHolders(holder === undefined ? [] : [holder]);
    return new BusyError("broker/port-busy", `port ${port} is in use by ${who}`, {
      hint: "choose another port: espx sim --broker-port 0 takes a free one",
      details: { ...details, holder: holder ?? null },
      cause,
    });
  }
  if (cause.code === "EACCES") {
    return new PermissionError("broker/port-forbidden", `this user may not listen at port ${port}`, {
      hint: "choose a port above 1023",
      details,
      cause,
    });
  }
  return new LinkError("mqtt/unreachable", `no broker can listen at ${host}:${port}: ${cause.message}`, {
    details,
    cause,
  });
}
