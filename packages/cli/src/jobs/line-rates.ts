import type { PortInfo, SerialLink } from "@espx/proto";
import type { LineReport, SerialTransportOptions } from "@espx/serial";
import type { Context } from "../context.ts";
import { rememberedAdapters } from "../project/remembered-adapters.ts";

/** What a person wants of the line while files are sent: the best rate that it takes, that of the prompt, or this one. */
export type BaudWish = "auto" | "fixed" | number;

/** Rates that are tried without being asked for; most adapters take the first one. */
const usualRates = [921_600, 460_800] as const;
const promptRate = 115_200;
/** A line on which so much had to be sent again does better at a lower rate. */
const TROUBLES_MAX = 3;

/**
 * The rates to try on a link, best first, and the memory of how they did with its adapter.
 *
 * Native USB has no rate; links over a network, and virtual boards, are left as they are unless a rate is named.
 */
export function lineOf(
  ctx: Context,
  { url, traits }: SerialLink,
  wish: BaudWish,
): Pick<SerialTransportOptions, "rates" | "onLine"> {
  if (wish === "fixed" || wish === promptRate || (wish === "auto" && traits.kind !== "uart")) return {};
  const memory = rememberedAdapters(ctx.env);
  let port: PortInfo | undefined;
  let limit: number = usualRates[0];
  return {
    async rates() {
      port = (await ctx.outside.listPorts()).find((candidate) => candidate.url === url);
      limit = (await memory.of(port, url)).consoleBaudRate ?? limit;
      return wish === "auto" ? usualRates.filter((rate) => rate <= limit) : [wish];
    },
    onLine(report) {
      ctx.out.emit({ kind: "log", data: { level: "detail", text: describe(report) } });
      const consoleBaudRate = limitAfter(report, limit);
      if (consoleBaudRate !== limit) void memory.remember(port, url, { consoleBaudRate });
    },
  };
}

/** The highest rate that a line is good for, after what was seen. */
export function limitAfter({ triedRates, rate, troubles }: LineReport, limit: number): number {
  const best = triedRates[0];
  if (best === undefined) return limit;
  if (rate === undefined) return promptRate;
  if (troubles >= TROUBLES_MAX) return usualRates.find((lower) => lower < rate) ?? promptRate;
  return rate === best ? Math.max(rate, limit) : rate;
}

function describe({ triedRates, rate, troubles }: LineReport): string {
  const again = troubles === 0 ? "" : `; ${troubles} times something had to be sent again`;
  if (triedRates.length === 0) return `files went at 115200 baud${again}`;
  if (rate === undefined) return `files went at 115200 baud, the line takes no ${triedRates.join(", no ")}${again}`;
  return `files went at ${rate} baud${again}`;
}
