import { RefusedError, UsageError, type PortInfo } from "@espx/proto";
import type { Context } from "../context.ts";
import { confirm } from "./ask.ts";
import { listCandidates, noChoice } from "./choose-port.ts";
import { flash, type FlashOptions } from "./flash.ts";
import { type ManySummary, onManyBoards, refuseTwice } from "./many-boards.ts";

/** The boards that shall be flashed at once. */
export interface ManyWish {
  /** Ports that were named; every one with a known adapter, or that the filters leave, when `all`. */
  readonly ports: readonly string[];
  readonly all: boolean;
  readonly filter: readonly string[];
}

/**
 * Flashes several boards at once. With `all` it is listed first which ones are reset and written, and nothing is touched before a yes.
 *
 * @throws NotFoundError `cli/port-not-found`; RefusedError `cli/declined`; as `onManyBoards`
 */
export async function flashMany(
  ctx: Context,
  wish: ManyWish,
  options: Omit<FlashOptions, "url" | "device">,
): Promise<ManySummary> {
  const urls = wish.all ? await listed(ctx, wish, options) : wish.ports;
  refuseTwice(urls);
  // Who agrees to the list agrees to what stands in it.
  const yes = ctx.flags.yes || (wish.all && options.erase);
  return onManyBoards({ ...ctx, flags: { ...ctx.flags, yes } }, urls, (board, url) =>
    flash(board, {
      ...options,
      url,
      device: null,
      ...(options.trace === undefined ? {} : { trace: traceOf(options.trace, url) }),
    }),
  );
}

async function listed(
  ctx: Context,
  { ports, filter }: ManyWish,
  options: Omit<FlashOptions, "url" | "device">,
): Promise<readonly string[]> {
  if (ports.length > 0) {
    throw new UsageError("cli/usage", "--all and --port are given, expected one of them", {
      hint: "--all takes every port with a board; several --port take those",
    });
  }
  if (ctx.flags.waitPort) {
    throw new UsageError("cli/usage", "--all takes the ports that are there, and --wait-port waits for one", {
      hint: "leave --wait-port off, or name the ports with --port",
    });
  }
  const { all, candidates } = await listCandidates(ctx, filter);
  if (candidates.length === 0) throw noChoice(all, candidates, filter);
  const work = options.erase ? "reset, erased with all files, and written" : "reset and written";
  ctx.out.emit({
    kind: "log",
    data: { level: "info", text: [`${candidates.length} boards:`, ...candidates.map(lineOf)].join("\n") },
  });
  ctx.out.settle();
  if (await confirm(ctx, `these ${candidates.length} boards are ${work} with ${options.files.shown}. Go on?`))
    return candidates.map(({ url }) => url);
  throw new RefusedError("cli/declined", "nothing was written", {
    hint: "name the boards with --port, or leave some out with --filter",
  });
}

const lineOf = ({ url, description, serialNumber }: PortInfo): string =>
  `  ${url}  ${description}${serialNumber === undefined ? "" : ` (${serialNumber})`}`;

/** One trace a board, each named after its port. */
const traceOf = (file: string, url: string): string => `${file}.${url.replaceAll(/[^\w.-]+/g, "_")}`;
