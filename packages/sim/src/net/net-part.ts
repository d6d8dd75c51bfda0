import type { HostCalls, WorkerContext } from "../worker/context.ts";
import type { WorkerPart } from "../worker/worker-part.ts";
import { lanCalls } from "./lan-calls.ts";
import { LanPort } from "./lan-port.ts";
import { LinkGate } from "./link-gate.ts";
import type { NetLinkLoss, NetScriptChange, NetSetup, NetState } from "./net-messages.ts";
import { RealBackend } from "./real-backend.ts";
import { socketCalls } from "./socket-calls.ts";
import { SocketStack } from "./socket-stack.ts";
import { Uplinks } from "./uplinks.ts";
import { WifiStation } from "./wifi-station.ts";
import { wlanCalls } from "./wlan-calls.ts";
import { WorldBackend } from "./world-backend.ts";

/** The worker half of a board's network: Wi-Fi, sockets and `select` for Python. */
export function makeNetPart(context: WorkerContext): WorkerPart {
  const setup = context.setup<NetSetup>("net");
  const gate = new LinkGate(context);
  gate.setObstacles(setup.script);
  let { script } = setup;
  const backend =
    context.mode === "real"
      ? new RealBackend(context, gate, setup.own)
      : new WorldBackend(context, gate, { own: setup.own, latencyMs: () => script.latencyMs });
  const stack = new SocketStack(context, backend, gate);
  backend.attach(stack);
  const announce = (address: string | undefined): void => {
    const state: NetState = { type: "net-state", address };
    context.post(state);
  };
  const uplinks = new Uplinks({
    up: () => {
      gate.open();
      announce(backend.own.address);
    },
    down: () => {
      gate.shut();
      announce(undefined);
    },
    addressLost: () => stack.abortAll(),
  });
  const wifi = new WifiStation(context, setup.script, uplinks.of("wifi"));
  const lan = new LanPort(context, uplinks.of("lan"));
  if (setup.lostForMs > 0) wifi.loseLink(setup.lostForMs);
  context.on("net-script", ({ script: changed }: NetScriptChange) => {
    script = changed;
    gate.setObstacles(changed);
    wifi.setScript(changed);
  });
  context.on("net-link-loss", ({ forMs }: NetLinkLoss) => wifi.loseLink(forMs));
  const calls: HostCalls = {
    ...socketCalls(context, stack),
    ...wlanCalls(context, wifi, backend),
    ...lanCalls(context, lan, backend),
  };
  return { calls };
}
