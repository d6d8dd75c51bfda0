import type { Env, Outside } from "./context.ts";

/** The real world, each part loaded when it is first touched. */
export function realOutside(env: Env): Outside {
  return {
    listPorts: async (scheme) => (await import("./ports/serial.ts")).listPorts(env, scheme),
    openPort: async (url, options) => (await import("./ports/serial.ts")).openPort(url, { ...options, env }),
    connectBroker: async (options) => (await import("./ports/mqtt.ts")).connectBroker(options),
    startBroker: async (options) => (await import("./ports/broker.ts")).startBroker(options),
    download: async (url, options) =>
      (await import("./ports/https-download.ts")).download(url, {
        ...options,
        ...certificatesOf(env),
        proxyFor: await proxyOf(env),
      }),
    testBench: async () => (await import("./ports/test-bench.ts")).testBench,
    simControl: async () => (await import("./ports/sim-control.ts")).simControl(env),
  };
}

async function proxyOf(env: Env): Promise<(url: string) => URL | undefined> {
  const { proxyFor } = await import("./ports/https-proxy.ts");
  return (url) => proxyFor(url, env);
}

/** Node itself has read what the process was started with; who runs espx with another environment means that one. */
function certificatesOf(env: Env): { readonly extraCertificates?: string } {
  const file = env["NODE_EXTRA_CA_CERTS"] ?? "";
  return file === "" || file === process.env["NODE_EXTRA_CA_CERTS"] ? {} : { extraCertificates: file };
}
