import type { PortInfo } from "@espx/proto";
import type { Context } from "../context.ts";
import type { EventData } from "../events.ts";

/** How often ports are looked at; that opens none of them. */
const LOOK_EVERY_MS = 400;

type Change = EventData<"port">["change"];

/** Emits every port that is there, and answers how many. */
export async function showPorts(ctx: Context, isWanted: (port: PortInfo) => boolean): Promise<number> {
  const ports = (await ctx.outside.listPorts()).filter(isWanted);
  for (const port of ports) show(ctx, port, null);
  return ports.length;
}

/**
 * Emits every port that is there, then each one that comes or goes, until the run is called off.
 *
 * A board that is plugged in where another was is one that went and one that came, as far as their USB numbers tell them apart.
 * @throws what the run's signal was aborted with
 */
export async function watchPorts(ctx: Context, isWanted: (port: PortInfo) => boolean): Promise<never> {
  let before: ReadonlyMap<string, PortInfo> = new Map();
  let change: Change = null;
  for (;;) {
    const ports = (await ctx.outside.listPorts()).filter(isWanted);
    const now = new Map(ports.map((port) => [JSON.stringify(port), port]));
    for (const [key, port] of before) if (!now.has(key)) show(ctx, port, "removed");
    for (const [key, port] of now) if (!before.has(key)) show(ctx, port, change);
    before = now;
    change = "added";
    await ctx.clock.sleep(LOOK_EVERY_MS, ctx.signal);
  }
}

function show(ctx: Context, port: PortInfo, change: Change): void {
  const { url, description, known, vendorId = null, productId = null, serialNumber = null } = port;
  ctx.out.emit({ kind: "port", data: { url, description, known, vendorId, productId, serialNumber, change } });
}
