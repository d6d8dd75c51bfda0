import type { Env, Outside } from "./context.ts";

/** The real world, each part loaded when it is first touched. */
export function realOutside(env: Env): Outside {
  return {
    listPorts: async () => (await import("./ports/serial.ts")).listPorts(env),
    openPort: async (url, options) => (await import("./ports/serial.ts")).openPort(url, { ...options, env }),
    connectBroker: async (options) => (await import("./ports/mqtt.ts")).connectBroker(options),
    startBroker: async (options) => (await import("./ports/broker.ts")).startBroker(options),
    testBench: async () => (await import("./ports/test-bench.ts")).testBench,
    simControl: async () => (await import("./ports/sim-control.ts")).simControl(env),
  };
}
