import {
  type ComPortMessage,
  decodeComPort,
  encodeComPort,
  encodeTelnetData,
  encodeTelnetNegotiation,
  formatHex,
  TelnetDecoder,
  type TelnetItem,
} from "@espx/proto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SerialGate } from "../../src/control/serial-gate.ts";
import { Rfc2217Server } from "../../src/rfc2217/rfc2217-server.ts";
import { EchoBoard } from "../control/echo-world.ts";

let board: EchoBoard;
let gate: SerialGate;
let server: Rfc2217Server;
const sockets: Socket[] = [];

beforeEach(async () => {
  board = new EchoBoard("desk");
  gate = new SerialGate(board);
  server = await Rfc2217Server.open(gate, { name: "desk" });
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.close();
});

/** A bare telnet client, apart from the one that espx has. */
class Client {
  readonly items: TelnetItem[] = [];
  readonly socket: Socket;
  ended = false;
  readonly #decoder = new TelnetDecoder();
  #wake = (): void => {};

  constructor() {
    this.socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    sockets.push(this.socket);
    this.socket.on("data", (chunk) => {
      this.items.push(...this.#decoder.feed(chunk as Uint8Array));
      this.#wake();
    });
    this.socket.on("close", () => {
      this.ended = true;
      this.#wake();
    });
  }

  send(...parts: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(parts));
  }

  get data(): string {
    return formatHex(Buffer.concat(this.items.flatMap((item) => (item.kind === "data" ? [item.bytes] : []))));
  }

  get replies(): readonly ComPortMessage[] {
    return this.items.flatMap((item) => (item.kind === "subnegotiation" ? [decodeComPort(item.bytes)] : []));
  }

  async until(condition: (self: this) => boolean): Promise<void> {
    const deadline = performance.now() + 2_000;
    while (!condition(this)) {
      if (performance.now() > deadline) throw new Error(`waited in vain; got ${JSON.stringify(this.items)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

function request(kind: "baud-rate" | "data-size" | "parity" | "stop-size" | "control" | "purge", value: number) {
  return encodeComPort({ direction: "request", kind, value });
}

async function answerTo(client: Client, bytes: Uint8Array): Promise<ComPortMessage | undefined> {
  const before = client.replies.length;
  client.send(bytes);
  await client.until(({ replies }) => replies.length > before);
  return client.replies.at(-1);
}

describe("negotiation", () => {
  test("agrees to COM-PORT, BINARY and SGA and refuses echo, once each", async () => {
    const client = new Client();
    await client.until(({ items }) => items.length >= 5);
    client.items.length = 0;
    for (const option of [44, 0, 3, 1])
      client.send(encodeTelnetNegotiation("will", option), encodeTelnetNegotiation("do", option));
    client.send(encodeTelnetNegotiation("will", 44));
    await client.until(({ items }) => items.filter(({ kind }) => kind === "negotiation").length >= 3);
    await answerTo(client, request("purge", 1));
    const said = client.items.flatMap((item) => (item.kind === "negotiation" ? [`${item.verb} ${item.option}`] : []));
    expect(said).toEqual(["will 44", "dont 1", "wont 1"]);
  });
});

describe("settings", () => {
  test("every one is answered with what is set", async () => {
    const client = new Client();
    const asked = [
      [request("baud-rate", 0), "baud-rate", 115_200],
      [request("baud-rate", 921_600), "baud-rate", 921_600],
      [request("baud-rate", 0), "baud-rate", 921_600],
      [request("data-size", 7), "data-size", 8],
      [request("parity", 3), "parity", 1],
      [request("stop-size", 0), "stop-size", 1],
      [request("purge", 3), "purge", 3],
      [request("control", 0), "control", 1],
      [request("control", 3), "control", 1],
      [request("control", 7), "control", 9],
      [request("control", 8), "control", 8],
      [request("control", 7), "control", 8],
      [request("control", 11), "control", 11],
      [request("control", 10), "control", 11],
      [request("control", 12), "control", 12],
      [request("control", 4), "control", 6],
    ] as const;
    for (const [bytes, kind, value] of asked) {
      expect(await answerTo(client, bytes)).toEqual({ direction: "reply", kind, value });
    }
    expect(board.notes).toEqual(["baud 921600", "dtr 1 rts 0", "dtr 1 rts 1", "dtr 1 rts 0"]);
  });

  test("the server gives its name, and an unknown command no answer", async () => {
    const client = new Client();
    client.send(encodeComPort({ direction: "request", kind: "unknown", raw: Uint8Array.of(77, 1) }));
    expect(await answerTo(client, encodeComPort({ direction: "request", kind: "signature", text: "" }))).toEqual({
      direction: "reply",
      kind: "signature",
      text: "espx sim:desk",
    });
  });
});

describe("lines", () => {
  test("two lines set in one go reach the board at once", async () => {
    const client = new Client();
    client.send(request("control", 8), request("control", 11));
    await client.until(({ replies }) => replies.length === 2);
    client.send(request("control", 9), request("control", 12));
    await client.until(({ replies }) => replies.length === 4);
    expect(board.notes).toEqual(["dtr 1 rts 1", "dtr 0 rts 0"]);
  });

  test("a pulse of one line in one go stays a pulse, and data stays in its place", async () => {
    const client = new Client();
    client.send(request("control", 11), request("control", 12), Uint8Array.of(65), request("control", 8));
    await client.until(({ replies, data }) => replies.length === 3 && data === "41");
    expect(board.notes).toEqual(["dtr 0 rts 1", "dtr 0 rts 0", "write 1", "dtr 1 rts 0"]);
  });

  test("are let go when the client leaves", async () => {
    const client = new Client();
    await answerTo(client, request("control", 11));
    client.socket.end();
    await client.until(({ ended }) => ended);
    expect(board.notes).toEqual(["dtr 0 rts 1", "dtr 0 rts 0"]);
    expect(gate.holder).toBeUndefined();
  });
});

describe("data", () => {
  test("is binary clean in both directions", async () => {
    const client = new Client();
    const bytes = Uint8Array.from({ length: 4096 }, (_, i) => i);
    client.send(encodeTelnetData(bytes));
    await client.until(({ data }) => data.length === 2 * bytes.length);
    expect(client.data).toBe(formatHex(bytes));
  });
});

test("a second client is told who has the port and is disconnected", async () => {
  const first = new Client();
  await first.until(({ items }) => items.length > 0);
  const second = new Client();
  await second.until(({ ended }) => ended);
  expect(second.items).toHaveLength(1);
  expect(Buffer.from(second.data, "hex").toString()).toMatch(
    /^sim:desk is in use by a client at 127\.0\.0\.1:\d+\r\n$/,
  );
  first.socket.end();
  await once(first.socket, "close");
  const third = new Client();
  expect(await answerTo(third, request("purge", 1))).toMatchObject({ kind: "purge" });
});

test("bytes that break the protocol end that client only", async () => {
  const client = new Client();
  client.send(Uint8Array.of(255, 250, 44, 255, 1));
  await client.until(({ ended }) => ended);
  expect(Buffer.from(client.data, "hex").toString()).toContain("subnegotiation holds command 1");
  expect(await answerTo(new Client(), request("purge", 1))).toMatchObject({ kind: "purge" });
});
