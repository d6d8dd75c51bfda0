import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { controlLineMaxBytes, ControlServer } from "../../src/control/control-server.ts";
import {
  encodeDataFrames,
  encodeJsonFrame,
  FrameDecoder,
  FrameKind,
  frameMaxBytes,
} from "../../src/control/serial-frames.ts";
import { SerialGate } from "../../src/control/serial-gate.ts";
import { SerialServer } from "../../src/control/serial-server.ts";
import { EchoBoard } from "./echo-world.ts";

let folder: string;
let board: EchoBoard;
let gate: SerialGate;
let serial: SerialServer;
let control: ControlServer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "espx-broken-"));
  board = new EchoBoard("desk");
  gate = new SerialGate(board);
  serial = await SerialServer.open(gate, { name: "desk", path: join(folder, "s") });
  control = await ControlServer.open(board, join(folder, "c"));
});

afterEach(async () => {
  await serial.close();
  await control.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Everything that the server at `path` says to a client that sends `bytes`, until it ends the connection. */
async function answersTo(path: string, bytes: Uint8Array | string): Promise<Buffer> {
  const socket = connect(join(folder, path));
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk as Buffer));
  socket.write(bytes);
  await once(socket, "close");
  return Buffer.concat(chunks);
}

function lastFrame(bytes: Uint8Array): { readonly kind: number | undefined; readonly code: unknown } {
  const frame = new FrameDecoder().feed(bytes).at(-1);
  const error = JSON.parse(Buffer.from(frame?.bytes ?? []).toString()) as { readonly code: unknown };
  return { kind: frame?.kind, code: error.code };
}

test("a serial client that does not introduce itself is told so", async () => {
  const answer = await answersTo("s", encodeDataFrames(Uint8Array.of(65)));
  expect(lastFrame(answer)).toEqual({ kind: FrameKind.gone, code: "sim/no-hello" });
  expect(board.notes).toEqual([]);
});

test.each([{}, { pid: "1", command: "x" }, { pid: 1, command: "" }, { pid: 1, command: "a\nb" }, null])(
  "a hello of %j is refused",
  async (hello) => {
    const answer = await answersTo("s", encodeJsonFrame(FrameKind.hello, hello));
    expect(lastFrame(answer)).toEqual({ kind: FrameKind.refused, code: "sim/bad-hello" });
    expect(gate.holder).toBeUndefined();
  },
);

test("a frame that is too long ends its client, and the port is free again", async () => {
  const hello = encodeJsonFrame(FrameKind.hello, { pid: 1, command: "test" });
  const header = Uint8Array.of(FrameKind.data, 0xff, 0xff);
  expect(0xffff).toBeGreaterThan(frameMaxBytes);
  const answer = await answersTo("s", Buffer.concat([hello, header]));
  expect(lastFrame(answer)).toEqual({ kind: FrameKind.gone, code: "sim/frame-too-long" });
  expect(gate.holder).toBeUndefined();
});

test("a request that is not JSON is answered and the next one obeyed", async () => {
  const socket = connect(join(folder, "c"));
  socket.end('nonsense\n{"id":7,"verb":"info"}\n[1]\n');
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const lines = Buffer.concat(chunks).toString().trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    expect.objectContaining({ id: null, ok: false, error: expect.objectContaining({ code: "sim/bad-request" }) }),
    { id: 7, ok: true, result: { name: "desk", running: false, mac: "020000000001" } },
    expect.objectContaining({ ok: false }),
  ]);
});

test("a line without an end is refused at its limit", async () => {
  const answer = await answersTo("c", "x".repeat(controlLineMaxBytes + 1));
  expect(JSON.parse(answer.toString())).toMatchObject({ id: null, ok: false, error: { code: "sim/line-too-long" } });
});
