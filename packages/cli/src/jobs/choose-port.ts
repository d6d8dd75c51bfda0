import { NotFoundError, type PortInfo } from "@espx/proto";
import type { Context } from "../context.ts";
import { findDevice, loadProject, type DeviceEntry } from "../project/project.ts";
import { rememberedPorts } from "../project/remembered.ts";

/** How a person said which board is meant. */
export interface PortWish {
  /** `--port`. */
  readonly port: string | undefined;
  readonly device: DeviceEntry | null;
}

/**
 * The port to open: the one that was named; where the device was last seen; the one espx.yaml hints at; or the only
 * port with an adapter that ESP32 boards carry. Any other port is never opened unasked, since that may reset a board.
 *
 * @throws NotFoundError `cli/port-not-found`, with the ports there are
 */
export async function choosePort(ctx: Context, { port, device }: PortWish): Promise<string> {
  if (port !== undefined) return port;
  const remembered = device?.id === undefined ? undefined : await rememberedPorts(ctx.env).portOf(device.id);
  const named = remembered ?? device?.port;
  if (named !== undefined) return named;
  const ports = await ctx.outside.listPorts();
  const known = ports.filter((entry) => entry.known);
  const only = known[0];
  if (only !== undefined && known.length === 1) return only.url;
  throw new NotFoundError(
    "cli/port-not-found",
    known.length === 0 ? "no port with a board is there" : `${known.length} ports may have the board`,
    {
      hint: hintFor(ports, known),
      details: { ports: ports.map((entry) => entry.url) },
    },
  );
}

function hintFor(ports: readonly PortInfo[], known: readonly PortInfo[]): string {
  const listed = (known.length > 0 ? known : ports).map((entry) => entry.url).join(", ");
  if (listed === "") return "plug a board in, or start a virtual one: espx sim kitchen, then --port sim:kitchen";
  return `name one with --port: ${listed}`;
}

/** The flags `--port` and `--device`. */
export interface BoardWish {
  readonly port: string | undefined;
  readonly device: string | undefined;
}

/** {@link choosePort} for a verb that needs nothing else of the project, with the device that was named. */
export async function chooseBoard(
  ctx: Context,
  { port, device }: BoardWish,
): Promise<{ readonly url: string; readonly entry: DeviceEntry | null }> {
  const entry = device === undefined ? null : findDevice(await loadProject(ctx), device);
  return { url: await choosePort(ctx, { port, device: entry }), entry };
}
