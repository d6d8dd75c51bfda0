import { statTopic } from "@espx/proto";
import type { Context } from "../context.ts";
import type { BrokerOptions } from "../ports/mqtt.ts";

/** What is followed, and for how long. */
export interface MonitorOptions {
  readonly device: string;
  readonly broker: BrokerOptions;
  /** Ends after so many messages; undefined never. */
  readonly count: number | undefined;
}

/**
 * Emits every message below `stat/<device>/` until `count` have come or the signal aborts. The broker may go away
 * and come back meanwhile.
 *
 * @returns the number of messages
 */
export async function monitorDevice(ctx: Context, { device, broker, count }: MonitorOptions): Promise<number> {
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
      subscribed.catch(reject);
    });
  } finally {
    await link.close();
  }
  return received;
}
