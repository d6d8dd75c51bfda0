import type { HostCalls, WorkerContext } from "../worker/context.ts";
import type { NetBackend } from "./net-backend.ts";
import { netErrno } from "./net-errno.ts";
import type { WifiStation } from "./wifi-station.ts";

/** What Python's `network.WLAN` stands on. */
export function wlanCalls(context: WorkerContext, wifi: WifiStation, backend: NetBackend): HostCalls {
  return {
    /** -1 asks, 0 and 1 set. */
    wlan_active: (active: number) => {
      if (active >= 0) wifi.setActive(active === 1);
      return wifi.active ? 1 : 0;
    },
    wlan_connect: (ssid: string | undefined, password: string | undefined) =>
      ssid === undefined ? wifi.reconnect() : wifi.connect(ssid, password ?? ""),
    wlan_disconnect: () => wifi.disconnect(),
    wlan_status: () => {
      context.poll();
      return wifi.status();
    },
    wlan_connected: () => {
      context.poll();
      return wifi.connected ? 1 : 0;
    },
    wlan_rssi: () => wifi.rssiDbm(),
    wlan_attempts: (count: number) => {
      wifi.attemptsMax = count;
      return 0;
    },
    wlan_addresses: () => (wifi.connected ? ownAddresses(backend) : noAddresses),
    /** A line an access point: name, RSSI, 1 when it wants a password. */
    wlan_scan: () => {
      const found = wifi.scan();
      if (found === undefined) return -netErrno.EINTR;
      return found
        .map(({ ssid, password, rssiDbm = -55 }) => `${ssid}\t${rssiDbm}\t${password === "" ? 0 : 1}`)
        .join("\n");
    },
  };
}

/** Address, mask, gateway and name server of an interface without any. */
export const noAddresses = "0.0.0.0,0.0.0.0,0.0.0.0,0.0.0.0";

/** The same of a board that is on the network. */
export function ownAddresses({ own: { address, mask, gateway, nameServer } }: NetBackend): string {
  return `${address},${mask},${gateway},${nameServer}`;
}
