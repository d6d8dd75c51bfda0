import { ProtocolError, type SimBoard, type SimFault, UsageError } from "@espx/proto";
import type { Server, Socket } from "node:net";
import { parseFault } from "./faults.ts";
import { chunksOf, closeServer, endSide, listenOn } from "./socket-server.ts";
import { parseJson, toWireError } from "./wire-error.ts";

/**
 * One request on a control socket: a line of JSON, at most {@link controlLineMaxBytes} long.
 *
 * The answer is one line too, in the order of the requests: `{"id":1,"ok":true,"result":…}`, or `{"id":1,"ok":false,"error":{…}}` with an
 * error as `wire-error.ts` writes it. `pin` answers the level, `info` a {@link ControlInfo}, the others null.
 */
export type ControlRequest = { readonly id: number } & (
  | { readonly verb: "pin"; readonly pin: number; readonly value?: 0 | 1 }
  | { readonly verb: "fault"; readonly fault: SimFault }
  | { readonly verb: "power"; readonly action: "on" | "off" | "cycle" }
  | { readonly verb: "info" }
);

/** What a simulator tells about its board at this moment. */
interface ControlInfo {
  readonly name: string;
  readonly running: boolean;
  /** Twelve hexadecimal digits. */
  readonly mac: string;
}

/** Longest line that is taken, in bytes. */
export const controlLineMaxBytes = 65_536;

/** The highest GPIO of any ESP32. */
const highestPin = 54;

/** Serves the control socket of one board. */
export class ControlServer {
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(listening: { readonly server: Server; readonly sockets: Set<Socket> }) {
    this.#server = listening.server;
    this.#sockets = listening.sockets;
  }

  /** @throws LinkError `sim/socket-unusable` when nothing can listen at `path` */
  static async open(board: SimBoard, path: string): Promise<ControlServer> {
    return new ControlServer(await listenOn({ path }, (socket) => void serve(board, socket)));
  }

  close(): Promise<void> {
    return closeServer(this.#server, this.#sockets);
  }
}

async function serve(board: SimBoard, socket: Socket): Promise<void> {
  try {
    for await (const line of readLines(chunksOf(socket)))
      socket.write(`${JSON.stringify(await answer(board, line))}\n`);
  } catch (error) {
    if (socket.writable) socket.write(`${JSON.stringify({ id: null, ok: false, error: toWireError(error) })}\n`);
  } finally {
    endSide(socket);
  }
}

async function answer(board: SimBoard, line: string): Promise<object> {
  const request = parseJson(line) as Readonly<Record<string, unknown>> | null | undefined;
  const id = typeof request?.["id"] === "number" ? request["id"] : null;
  try {
    return { id, ok: true, result: (await obey(board, request ?? {})) ?? null };
  } catch (error) {
    return { id, ok: false, error: toWireError(error) };
  }
}

async function obey(board: SimBoard, request: Readonly<Record<string, unknown>>): Promise<unknown> {
  switch (request["verb"]) {
    case "pin":
      return movePin(board, request["pin"], request["value"]);
    case "fault":
      return board.fault(parseFault(request["fault"]));
    case "power":
      return switchPower(board, request["action"]);
    case "info":
      return {
        name: board.name,
        running: board.running,
        mac: Buffer.from(board.mac).toString("hex"),
      } satisfies ControlInfo;
    default:
      throw new UsageError("sim/bad-request", `"${String(request["verb"])}" is nothing that a simulator can do`);
  }
}

function movePin(board: SimBoard, pin: unknown, value: unknown): 0 | 1 {
  if (typeof pin !== "number" || !Number.isInteger(pin) || pin < 0 || pin > highestPin) {
    throw new UsageError("sim/bad-pin", `pin ${JSON.stringify(pin)} does not exist, expected 0 to ${highestPin}`);
  }
  if (value === undefined) return board.pin(pin);
  if (value !== 0 && value !== 1)
    throw new UsageError("sim/bad-pin", `pin ${pin} can be 0 or 1, got ${JSON.stringify(value)}`);
  board.setPin(pin, value);
  return board.pin(pin);
}

async function switchPower(board: SimBoard, action: unknown): Promise<void> {
  if (action !== "on" && action !== "off" && action !== "cycle") {
    throw new UsageError("sim/bad-power", `power can be on, off or cycle, got ${JSON.stringify(action)}`);
  }
  // A board that runs no program may have power all the same: its loader waits, or it has nothing to start.
  if (action !== "on") await board.powerOff();
  if (action !== "off") await board.powerOn();
}

/**
 * The lines of a stream, without their ends.
 *
 * @throws ProtocolError `sim/line-too-long`
 */
export async function* readLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let held = "";
  for await (const chunk of stream) {
    held += decoder.decode(chunk, { stream: true });
    for (let end = held.indexOf("\n"); end >= 0; end = held.indexOf("\n")) {
      yield held.slice(0, end);
      held = held.slice(end + 1);
    }
    if (held.length > controlLineMaxBytes) {
      throw new ProtocolError("sim/line-too-long", `line is longer than ${controlLineMaxBytes} bytes`);
    }
  }
}
