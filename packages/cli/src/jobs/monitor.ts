import { commandTopic, statTopic } from "@espx/proto";
import type { Context } from "../context.ts";
import type { BrokerOptions } from "../ports/mqtt.ts";

/** What is followed, and for how long. */
export interface MonitorOptions {
  readonly device: string;
  readonly broker: BrokerOptions;
  /** Ends after so many messages; undefined never. */
  readonly count: number | undefined;
  /** Whether the device is asked to say everything again. */
  readonly refresh: boolean;
}

/** Any text will do. */
const REFRESH = new TextEncoder().encode("1");

/**
 * Emits every message below `stat/<device>/` until `count` have come or the signal aborts. The broker may go away
 * and come back meanwhile.
 *
 * @returns the number of messages
 */
export async function monitorDevice(ctx: Context, { device, broker, count, refresh }: MonitorOptions): Promise<number> {
  const link = await ctx.outside.connectBroker(broker);
  const text = new TextDecoder();
  let received = 0;
  try {
    link.onState((up) =>
      ctx.out.emit({
        kind: "log",
        data: { level: "info", text: up ? "the broker is back" : "the broker is gone, waiting for it" },
      }),
    );
    await new Promise<void>((resolve, reject) => {
      const stop = (): void => reject(ctx.signal.reason as Error);
      if (ctx.signal.aborted) stop();
      ctx.signal.addEventListener("abort", stop, { once: true });
      const subscribed = link.subscribe(statTopic(device, "#"), ({ topic, payload, retained }) => {
        // Messages that came in one packet with the last one wanted are not shown.
        if (received === count) return;
        ctx.out.emit({ kind: "message", device, data: { topic, payload: text.decode(payload), retained } });
        if (++received === count) resolve();
      });
      const asked = refresh
        ? subscribed.then(() => link.publish(commandTopic(device, "Refresh"), REFRESH))
        : subscribed;
      asked.catch(reject);
    });
  } finally {
    await link.close();
  }
  return received;
}
