import type { SerialPort } from "serialport";

/** What the binding of Linux and macOS asks libuv to look for, as bits. */
const readable = 1;
const writable = 2;

/** The binding's poller, which it does not type. */
interface Poller {
  poll(events?: number): void;
  listenerCount(event: "readable" | "writable"): number;
}

/**
 * Has a port that is open wait for room to write and for bytes to read at once.
 *
 * The binding tells the operating system only what was asked for last: a read that begins to wait makes it forget a write that waits
 * for room, which then never goes on. It happens when an answer arrives while the next block fills the system's buffer.
 * @source \@serialport/bindings-cpp 13.0.0, src/poller.cpp: `uv_poll_start` is given the new events alone
 */
export function keepWaits(port: SerialPort): void {
  const poller = pollerOf(port);
  if (poller === undefined) return;
  const poll = poller.poll.bind(poller);
  poller.poll = (events = 0) => {
    const reads = poller.listenerCount("readable") > 0 ? readable : 0;
    const writes = poller.listenerCount("writable") > 0 ? writable : 0;
    poll(events | reads | writes);
  };
}

/** Windows has none. */
function pollerOf(port: SerialPort): Poller | undefined {
  const { poller } = (port.port ?? {}) as { readonly poller?: Poller };
  return typeof poller?.poll === "function" && typeof poller.listenerCount === "function" ? poller : undefined;
}
