import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createSocketPorts } from "../../src/ports/socket.ts";
import { Collector } from "../../../../testsuite/collector.ts";
import { errorOf } from "./error-of.ts";

const ports = createSocketPorts();
const clients = new Set<Socket>();
let server: Server;
let url: string;

beforeEach(async () => {
  server = createServer((socket) => {
    clients.add(socket);
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `socket://127.0.0.1:${(server.address() as { port: number }).port}`;
});

afterEach(() => {
  for (const client of clients) client.destroy();
  clients.clear();
  server.close();
});

test("carries bytes as they are, 255 included, and has no lines", async () => {
  const link = await ports.open(url);
  const collector = new Collector();
  link.listen(collector);
  await link.write(Uint8Array.of(255, 0, 255, 10));
  await link.drain();
  await collector.until(({ text }) => text === "\xff\0\xff\n");
  expect(await link.setSignals({ dtr: true, rts: true })).toBe(false);
  await link.setBaud(9600);
  await link.close();
  expect(await errorOf(link.drain())).toMatchObject({ code: "link/lost" });
});

test("opens again and keeps its listeners", async () => {
  const link = await ports.open(url);
  const collector = new Collector();
  link.listen(collector);
  await link.reopen();
  await link.write(Uint8Array.of(65));
  await collector.until(({ text }) => text === "A");
  expect(collector.ended).toBeUndefined();
  await link.close();
});

test("tells when the other end hangs up", async () => {
  const link = await ports.open(url);
  const collector = new Collector();
  link.listen(collector);
  await link.write(Uint8Array.of(1));
  await collector.until(({ text }) => text.length === 1);
  for (const client of clients) client.destroy();
  await collector.until(({ ended }) => ended !== undefined);
  expect(collector.ended?.error).toMatchObject({ code: "link/lost" });
});

test("nobody there: port/unreachable", async () => {
  server.close();
  expect(await errorOf(ports.open(url))).toMatchObject({ code: "port/unreachable", exitCode: 6 });
});
