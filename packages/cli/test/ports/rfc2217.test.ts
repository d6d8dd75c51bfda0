import {
  BusyError,
  type LinkListener,
  LinkListeners,
  type PortProvider,
  type SerialLink,
  type Signals,
} from "@espx/proto";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SerialGate } from "../../../sim/src/control/serial-gate.ts";
import { Rfc2217Server } from "../../../sim/src/rfc2217/rfc2217-server.ts";
import { createRfc2217Ports } from "../../src/ports/rfc2217.ts";
import { Collector } from "../../../../testsuite/collector.ts";
import { errorOf } from "./error-of.ts";

/** A board's serial port that echoes bytes and notes what is done to it. */
class NotingPort {
  readonly name = "desk";
  readonly notes: string[] = [];
  listeners = new LinkListeners("sim:desk");

  openSerial(): SerialLink {
    const listeners = (this.listeners = new LinkListeners("sim:desk"));
    return {
      url: "sim:desk",
      traits: { kind: "sim", safeCreditBytes: 256, resetsOnOpen: false },
      listen: (listener: LinkListener) => listeners.listen(listener),
      write: async (bytes: Uint8Array) => listeners.chunk(bytes),
      drain: async () => {},
      setSignals: async ({ dtr, rts }: Signals) => {
        this.notes.push(`dtr ${Number(dtr)} rts ${Number(rts)}`);
        return true;
      },
      setBaud: async (baudRate: number) => void this.notes.push(`baud ${baudRate}`),
      reopen: async () => {},
      close: async () => listeners.close(),
    };
  }
}

let board: NotingPort;
let server: Rfc2217Server;
let ports: PortProvider;
const others: { readonly server: Server; readonly sockets: Set<Socket> }[] = [];

beforeEach(async () => {
  board = new NotingPort();
  server = await Rfc2217Server.open(new SerialGate(board), { name: "desk" });
  ports = createRfc2217Ports();
});

afterEach(async () => {
  await server.close();
  for (const other of others.splice(0)) {
    for (const socket of other.sockets) socket.destroy();
    other.server.close();
  }
});

/** A server of another kind; answers its address. */
async function otherServer(serve: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const other = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    serve(socket);
  });
  others.push({ server: other, sockets });
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  return `rfc2217://127.0.0.1:${(other.address() as { port: number }).port}`;
}

describe("rfc2217:// against our server", () => {
  test("carries bytes both ways, binary clean", async () => {
    const link = await ports.open(server.url);
    const collector = new Collector();
    link.listen(collector);
    const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 31) >> 2);
    await link.write(bytes);
    await collector.until(({ text }) => text.length === bytes.length);
    expect(collector.text).toBe(Buffer.from(bytes).toString("latin1"));
    await link.close();
  });

  test("opens with the rate that was asked for and without touching the board's lines", async () => {
    const link = await ports.open(server.url, { baudRate: 460_800 });
    expect(board.notes).toEqual(["baud 460800"]);
    expect(link.traits.kind).toBe("net");
    await link.close();
  });

  test("changes both lines at once, through no state in between", async () => {
    const link = await ports.open(server.url);
    board.notes.length = 0;
    const steps: Signals[] = [
      { dtr: false, rts: true },
      { dtr: true, rts: false },
      { dtr: true, rts: true },
      { dtr: false, rts: false },
    ];
    for (const step of steps) expect(await link.setSignals(step)).toBe(true);
    expect(board.notes).toEqual(["dtr 0 rts 1", "dtr 1 rts 0", "dtr 1 rts 1", "dtr 0 rts 0"]);
    await link.close();
  });

  test("changes the rate, drains, and opens again at the same rate", async () => {
    const link = await ports.open(server.url);
    const collector = new Collector();
    link.listen(collector);
    await link.setBaud(921_600);
    await link.drain();
    await link.reopen();
    expect(board.notes.filter((note) => note.startsWith("baud"))).toEqual([
      "baud 115200",
      "baud 921600",
      "baud 921600",
    ]);
    await link.write(Uint8Array.of(65));
    await collector.until(({ text }) => text === "A");
    expect(collector.ended).toBeUndefined();
    await link.close();
    expect(collector.ended).toEqual({ error: undefined });
  });

  test("a second client gets port/busy with the holder", async () => {
    const first = await ports.open(server.url);
    const error = await errorOf(ports.open(server.url));
    expect(error).toBeInstanceOf(BusyError);
    expect(error.message).toMatch(/refuses: sim:desk is in use by a client at 127\.0\.0\.1:\d+$/);
    await first.close();
    await (await ports.open(server.url)).close();
  });

  test("tells its listeners when the server stops, and fails from then on", async () => {
    const link = await ports.open(server.url);
    const collector = new Collector();
    link.listen(collector);
    await server.close();
    await collector.until(({ ended }) => ended !== undefined);
    expect(collector.ended?.error).toMatchObject({ code: "link/lost" });
    for (const call of [() => link.write(Uint8Array.of(1)), () => link.drain(), () => link.setBaud(9600)]) {
      expect(await errorOf(call())).toMatchObject({ code: "link/lost", exitCode: 6 });
    }
    await link.close();
  });
});

describe("rfc2217:// against others", () => {
  test("nobody there: says so and what to do", async () => {
    await server.close();
    const error = await errorOf(ports.open(server.url));
    expect(error).toMatchObject({
      code: "port/unreachable",
      exitCode: 6,
      hint: expect.stringContaining("serial server"),
    });
    expect(error.message).toMatch(/nobody listens at 127\.0\.0\.1:\d+$/);
  });

  test("a server that refuses the option is named for what it is", async () => {
    const url = await otherServer((socket) => socket.on("data", () => socket.write(Uint8Array.of(255, 254, 44))));
    const error = await errorOf(ports.open(url));
    expect(error).toMatchObject({ code: "port/not-rfc2217", hint: expect.stringContaining("socket://") });
  });

  test("a server that agrees and then answers nothing is lost when it hangs up", async () => {
    const url = await otherServer((socket) =>
      socket.once("data", () => {
        socket.write(Uint8Array.of(255, 253, 44));
        setTimeout(() => socket.end(), 20);
      }),
    );
    expect(await errorOf(ports.open(url))).toMatchObject({ code: "link/lost" });
  });

  test("a server that breaks telnet ends the link", async () => {
    const url = await otherServer((socket) =>
      socket.once("data", () => socket.write(Uint8Array.of(255, 250, 44, 255, 9))),
    );
    expect(await errorOf(ports.open(url))).toMatchObject({ code: "proto/bad-value", exitCode: 11 });
  });

  test("opening can be called off while a server keeps silent", async () => {
    const url = await otherServer(() => {});
    const abort = new AbortController();
    const opening = ports.open(url, { signal: abort.signal });
    setTimeout(() => abort.abort(), 20);
    expect(await errorOf(opening)).toMatchObject({ code: "port/canceled", exitCode: 130 });
  });

  test.each(["rfc2217://", "rfc2217://host", "rfc2217://host:0", "rfc2217://host:99999", "rfc2217://u:p@host:1"])(
    "%s is no address",
    async (url) => {
      expect(await errorOf(ports.open(url))).toMatchObject({ code: "port/bad-url", exitCode: 2 });
    },
  );
});
