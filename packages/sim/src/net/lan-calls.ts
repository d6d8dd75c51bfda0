import type { HostCalls, WorkerContext } from "../worker/context.ts";
import type { LanPort } from "./lan-port.ts";
import type { NetBackend } from "./net-backend.ts";
import { noAddresses, ownAddresses } from "./wlan-calls.ts";

/** What Python's `network.LAN` stands on. */
export function lanCalls(context: WorkerContext, lan: LanPort, backend: NetBackend): HostCalls {
  return {
    /** -1 asks, 0 and 1 set. */
    lan_active: (active: number) => {
      if (active >= 0) lan.setActive(active === 1);
      return lan.active ? 1 : 0;
    },
    lan_addresses: () => (lan.connected ? ownAddresses(backend) : noAddresses),
    lan_status: () => {
      context.poll();
      return lan.status;
    },
  };
}
