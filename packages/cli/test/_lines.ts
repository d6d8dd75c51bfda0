import type { Clock, SerialLink, Signals } from "@espx/proto";
import { realClock } from "../src/clock.ts";

/** Time that passes ten times as fast, for what ends by waiting. */
export const hastyClock: Clock = {
  now: () => realClock.now() * 10,
  sleep: (ms, signal) => realClock.sleep(ms / 10, signal),
};

/** What a bad line does to what goes through it. */
export interface LineChanges {
  readonly write?: (bytes: Uint8Array, pass: (bytes: Uint8Array) => Promise<void>) => Promise<void>;
  readonly setSignals?: (signals: Signals, pass: (signals: Signals) => Promise<boolean>) => Promise<boolean>;
  readonly setBaud?: (baudRate: number, pass: (baudRate: number) => Promise<void>) => Promise<void>;
}

/** A link with something between it and the board. */
export function throughLine(link: SerialLink, changes: LineChanges): SerialLink {
  const { write, setSignals, setBaud } = changes;
  return {
    url: link.url,
    traits: link.traits,
    listen: (listener) => link.listen(listener),
    write: (bytes) => (write === undefined ? link.write(bytes) : write(bytes, (passed) => link.write(passed))),
    drain: () => link.drain(),
    setSignals: (signals) =>
      setSignals === undefined ? link.setSignals(signals) : setSignals(signals, (passed) => link.setSignals(passed)),
    setBaud: (baudRate) =>
      setBaud === undefined ? link.setBaud(baudRate) : setBaud(baudRate, (passed) => link.setBaud(passed)),
    reopen: () => link.reopen(),
    close: () => link.close(),
  };
}
