import type { SimFault } from "@espx/proto";
import { createWorld, parseFault, simFaults, type VirtualBoard, type World } from "@espx/sim";
import { packedSimFolder } from "../assets.ts";
import { readFault } from "../jobs/read-fault.ts";
import type { BenchBoard, BenchNetwork, BenchOptions, TestBench } from "../scenario/bench.ts";

/** Virtual boards, each in a world of its own. */
export const testBench: TestBench = {
  parseFault: (words): SimFault => parseFault(readFault(words, simFaults)),
  async open({ mode, seed, board: options, network }: BenchOptions): Promise<BenchBoard> {
    const assets = packedSimFolder();
    const world = await createWorld({ mode, seed, ...(assets === undefined ? {} : { assets }) });
    try {
      setNetwork(world, network);
      return benchBoard(world, await world.addBoard(options));
    } catch (error) {
      await world.close();
      throw error;
    }
  },
};

function setNetwork(world: World, network: BenchNetwork | null): void {
  world.net.accessPoint({ up: false });
  if (network === null) return;
  const { ssid, password, brokerPort } = network;
  world.net.accessPoint({ ssid, password, up: true });
  world.net.brokerPorts(brokerPort);
}

function benchBoard(world: World, board: VirtualBoard): BenchBoard {
  const { broker } = world.net;
  return {
    board,
    now: () => world.clock.now(),
    advance: (ms) => world.advance(ms),
    get published() {
      return broker.published;
    },
    get clients() {
      return broker.clients;
    },
    publish: (topic, payload, options) => broker.publish(topic, payload, options),
    nvs: (namespace, key) => board.flash.store.nvs.get(namespace, key),
    setNvs: (namespace, key, value) => board.flash.store.nvs.set(namespace, key, value),
    [Symbol.asyncDispose]: () => world.close(),
  };
}
