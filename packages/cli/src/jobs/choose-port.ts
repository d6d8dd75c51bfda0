import { NotFoundError, type PortInfo } from "@espx/proto";
import type { Context } from "../context.ts";
import { findDevice, loadProject, type DeviceEntry } from "../project/project.ts";
import { placeOf } from "./device-place.ts";
import { matchesFilters, parseFilters } from "./port-filter.ts";
import { untilThere } from "./wait-for-port.ts";

/** How a person said which board is meant. */
export interface PortWish {
  /** `--port`. */
  readonly port: string | undefined;
  readonly device: DeviceEntry | null;
  /** `--filter`, as it was written. */
  readonly filter?: readonly string[] | undefined;
}

/**
 * The port to open: the one that was named; where the device was last seen; the one espx.yaml hints at; the only one that the filters
 * leave; without filters the only one with an adapter that ESP32 boards carry. Of several the person chooses, where somebody can be
 * asked. Any other port is never opened, since that may reset a board. With `--wait-port` it is waited for until there is one.
 *
 * @throws NotFoundError `cli/port-not-found`, with the ports there are
 * @throws UsageError `cli/flag-value` for a filter that is none
 */
export async function choosePort(ctx: Context, { port, device, filter = [] }: PortWish): Promise<string> {
  if (port !== undefined) return port;
  const named = device === null ? undefined : await placeOf(ctx, device);
  if (named !== undefined) return named;
  const { all, candidates } = await untilThere(ctx, () => listCandidates(ctx, filter));
  const only = candidates[0];
  if (only !== undefined && candidates.length === 1) return only.url;
  if (candidates.length > 1 && ctx.terminal.interactive) return askForPort(ctx, candidates);
  throw noChoice(all, candidates, filter);
}

/** Ports that may be meant, when none was named. */
interface Candidates {
  readonly all: readonly PortInfo[];
  readonly candidates: readonly PortInfo[];
}

/** The ports that the filters leave; without filters those with an adapter that ESP32 boards carry. */
export async function listCandidates(ctx: Context, filters: readonly string[]): Promise<Candidates> {
  const wanted = parseFilters(filters);
  const all = await ctx.outside.listPorts();
  const candidates = all.filter((entry) => (wanted.length === 0 ? entry.known : matchesFilters(entry, wanted)));
  return { all, candidates };
}

async function askForPort(ctx: Context, candidates: readonly PortInfo[]): Promise<string> {
  const lines = candidates.map(({ url, description }, index) => `  ${index + 1}  ${url}  ${description}`);
  ctx.out.emit({
    kind: "log",
    data: { level: "info", text: ["several ports may have the board:", ...lines].join("\n") },
  });
  for (;;) {
    const answer = (await ctx.terminal.ask(`which one? [1-${candidates.length}] `, ctx.signal)).trim();
    const chosen = candidates.find((entry, index) => answer === String(index + 1) || answer === entry.url);
    if (chosen !== undefined) return chosen.url;
    if (answer === "") throw noChoice(candidates, candidates, []);
  }
}

/** The error that says which ports there are. */
export function noChoice(
  all: readonly PortInfo[],
  candidates: readonly PortInfo[],
  filters: readonly string[],
): NotFoundError {
  const none = filters.length === 0 ? "no port with a board is there" : `no port fits --filter ${filters.join(" ")}`;
  const message = candidates.length === 0 ? none : `${candidates.length} ports may have the board`;
  return new NotFoundError("cli/port-not-found", message, {
    hint: hintFor(all, candidates),
    details: { ports: all.map((entry) => entry.url) },
  });
}

function hintFor(ports: readonly PortInfo[], candidates: readonly PortInfo[]): string {
  const listed = (candidates.length > 0 ? candidates : ports).map((entry) => entry.url).join(", ");
  if (listed === "") return "plug a board in, or start a virtual one: espx sim kitchen, then --port sim:kitchen";
  return `name one with --port: ${listed}`;
}

/** The flags `--port`, `--device` and `--filter`. */
export interface BoardWish {
  readonly port: string | undefined;
  readonly device: string | undefined;
  readonly filter?: readonly string[] | undefined;
}

/** {@link choosePort} for a verb that needs nothing else of the project, with the device that was named. */
export async function chooseBoard(
  ctx: Context,
  { port, device, filter }: BoardWish,
): Promise<{ readonly url: string; readonly entry: DeviceEntry | null }> {
  const entry = device === undefined ? null : findDevice(await loadProject(ctx), device);
  return { url: await choosePort(ctx, { port, device: entry, filter }), entry };
}
