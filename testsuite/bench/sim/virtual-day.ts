import { createHash } from "node:crypto";
import { createWorld } from "@espx/sim";
import { mqttProgram } from "./mqtt-program.ts";

/** What a stretch of virtual time took. */
export interface VirtualRun {
  readonly seconds: number;
  /** Wakes of all boards, as they counted themselves. */
  readonly wakes: number;
  readonly packets: number;
  /** Digest of every event of every board and every packet, with their virtual times. */
  readonly digest: string;
}

/** How many wakes lie between two exchanges of one board. */
const exchangeEvery = 30;

/** Runs a fleet with an MQTT loop for `hours` of virtual time; starts are spread over one second. */
export async function runVirtualFleet(boards: number, hours: number, seed: number): Promise<VirtualRun> {
  const world = await createWorld({ mode: "virtual", seed });
  const digest = createHash("sha256");
  for (let index = 0; index < boards; index++) {
    const options = { host: "192.168.7.1", port: 1883, index, staggerMs: 1000 / boards, every: exchangeEvery };
    const board = await world.addBoard({ name: `board-${index}`, files: { "main.py": mqttProgram(options) } });
    board.onEvent((event) => {
      const bytes = event.kind === "console" ? Buffer.from(event.bytes).toString("latin1") : undefined;
      digest.update(`${board.name} ${JSON.stringify({ ...event, bytes })}\n`);
    });
  }
  await Promise.all(world.boards().map((board) => board.powerOn()));
  const began = performance.now();
  await world.advance(hours * 3_600_000);
  const seconds = (performance.now() - began) / 1000;
  const { packets, published } = world.net.broker;
  for (const { to, clientId, bytes, atMs } of packets) {
    digest.update(`${to} ${clientId} ${atMs} ${Buffer.from(bytes).toString("hex")}\n`);
  }
  const counted = new Map(published.map(({ from, text }) => [from, Number(text)]));
  const wakes = [...counted.values()].reduce((sum, count) => sum + count, 0);
  await world.close();
  return { seconds, wakes, packets: packets.length, digest: digest.digest("hex") };
}
