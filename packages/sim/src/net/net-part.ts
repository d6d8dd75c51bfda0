import type { HostCalls, WorkerContext } from "../worker/context.ts";
import type { WorkerPart } from "../worker/parts.ts";
import type { BrokerCommand, BrokerRecordMessage } from "./broker/broker-record.ts";
import { MiniBroker } from "./broker/mini-broker.ts";
import { lanCalls } from "./lan-calls.ts";
import { LanPort } from "./lan-port.ts";
import { LinkGate } from "./link-gate.ts";
import type { NetBackend } from "./net-backend.ts";
import type { NetLinkLoss, NetScriptChange, NetSetup, NetState } from "./net-messages.ts";
import type { NetScript } from "./net-script.ts";
import { RealBackend } from "./real-backend.ts";
import { ScriptedBackend } from "./scripted-backend.ts";
import { socketCalls } from "./socket-calls.ts";
import { SocketStack } from "./socket-stack.ts";
import { Uplinks } from "./uplinks.ts";
import { WifiStation } from "./wifi-station.ts";
import { wlanCalls } from "./wlan-calls.ts";

/** The worker half of a board's network: Wi-Fi, sockets and `select` for Python. */
export function makeNetPart(context: WorkerContext): WorkerPart {
  const setup = context.setup<NetSetup>("net");
  const gate = new LinkGate();
  const { backend, stack, setScript } =
    setup.broker === undefined ? real(context, gate, setup) : scripted(context, gate, setup);
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
  context.on("net-script", ({ script }: NetScriptChange) => {
    setScript(script);
    wifi.setScript(script);
  });
  context.on("net-link-loss", ({ forMs }: NetLinkLoss) => wifi.loseLink(forMs));
  const calls: HostCalls = {
    ...socketCalls(context, stack),
    ...wlanCalls(context, wifi, backend),
    ...lanCalls(context, lan, backend),
  };
  return { calls };
}

/** A network as the part needs it. */
interface Network {
  readonly backend: NetBackend;
  readonly stack: SocketStack;
  readonly setScript: (script: NetScript) => void;
}

function real(context: WorkerContext, gate: LinkGate, { own }: NetSetup): Network {
  const backend = new RealBackend(context, gate, own);
  const stack = new SocketStack(context, backend, gate);
  backend.attach(stack);
  return { backend, stack, setScript: () => {} };
}

function scripted(context: WorkerContext, gate: LinkGate, { own, script, broker: state }: NetSetup): Network {
  const broker = new MiniBroker({
    clock: context,
    behaviour: script.broker,
    ...(state && { state }),
    record: (record) => {
      const message: BrokerRecordMessage = { type: "net-broker", record };
      context.post(message);
    },
  });
  type Command<T extends BrokerCommand["type"]> = Extract<BrokerCommand, { readonly type: T }>;
  context.on("net-broker-publish", ({ message, dup }: Command<"net-broker-publish">) =>
    broker.publish(message, { dup }),
  );
  context.on("net-broker-drop", () => broker.dropAll());
  const backend = new ScriptedBackend(context, gate, { own, script, broker });
  return {
    backend,
    stack: new SocketStack(context, backend, gate),
    setScript: (changed) => {
      backend.setScript(changed);
      broker.setBehaviour(changed.broker);
    },
  };
}
