import { createWorld } from "@espx/sim";
import { startBroker } from "../../../packages/cli/src/ports/broker.ts";
import { connectBroker } from "../../../packages/cli/src/ports/mqtt.ts";
import { mqttProgram } from "./mqtt-program.ts";

/** What a fleet in real time took to start. */
export interface RealRun {
  /** From the first power-on until the broker had a message of every board. */
  readonly readySeconds: number;
  /** Memory of the process that is there because of the boards, a board. */
  readonly bytesPerBoard: number;
}

/** Starts boards in real time with an MQTT loop against a broker in this process. */
export async function runRealFleet(boards: number): Promise<RealRun> {
  const broker = await startBroker();
  const listener = await connectBroker({ url: broker.url });
  const world = await createWorld({ mode: "real", brokerUrl: broker.url });
  const heard = new Set<string>();
  let allHeard = (): void => {};
  const all = new Promise<void>((resolve) => (allHeard = resolve));
  await listener.subscribe("fleet/#", ({ topic }) => {
    if (heard.add(topic).size === boards) allHeard();
  });
  const before = process.memoryUsage.rss();
  for (let index = 0; index < boards; index++) {
    const options = { host: "127.0.0.1", port: broker.port, index, staggerMs: 0, every: 30 };
    await world.addBoard({ name: `board-${index}`, files: { "main.py": mqttProgram(options) } });
  }
  const began = performance.now();
  const powered = Promise.all(world.boards().map((board) => board.powerOn()));
  await all;
  const readySeconds = (performance.now() - began) / 1000;
  await powered;
  const bytesPerBoard = (process.memoryUsage.rss() - before) / boards;
  await world.close();
  await listener.close();
  await broker.close();
  return { readySeconds, bytesPerBoard };
}
