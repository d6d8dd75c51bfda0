import { NotFoundError, UsageError } from "@espx/proto";
import type { Context } from "../context.ts";
import type { EspxEvent } from "../events.ts";
import { loadProject, type DeviceEntry, type Project } from "../project/project.ts";
import { deploy, type DeployOptions } from "./deploy.ts";
import { placeOf } from "./device-place.ts";
import { type ManySummary, onManyBoards } from "./many-boards.ts";

/** What `deploy --all` was asked for; profile, device and port are those of each device. */
export type DeployAllOptions = Omit<DeployOptions, "what" | "device" | "port" | "command"> & {
  /** Only devices of this profile. */
  readonly profile: string | undefined;
};

/**
 * Deploys to every device of espx.yaml that has a profile, each with its own, at once.
 *
 * A device is opened where it was last seen, or where espx.yaml says; one without such a port fails, since looking for it would reset others.
 * @throws NotFoundError `cli/device-unknown` when there is none; UsageError `cli/port-twice`; those of {@link onManyBoards}
 */
export async function deployAll(ctx: Context, options: DeployAllOptions): Promise<ManySummary> {
  const project = await loadProject(ctx);
  const devices = devicesOf(project, options.profile);
  const ports = new Map<string, string | undefined>();
  for (const device of devices) ports.set(device.name, await placeOf(ctx, device));
  refuseTwice(ports);
  const listed = devices.map(({ name, profile }) => `${name} (${profile}, ${ports.get(name) ?? "no port"})`).join(", ");
  ctx.out.emit({ kind: "log", data: { level: "info", text: `deploys to ${listed}` } });
  const boards = devices.map(({ name }) => ({ name, port: ports.get(name) ?? "" }));
  const profiles = new Map(devices.map(({ name, profile: own }) => [name, own]));
  const looks = options.check || ctx.flags.dryRun;
  return onManyBoards(calm(ctx, looks), boards, async (own, name) => {
    const port = ports.get(name);
    if (port === undefined) throw noPort(name);
    const what = profiles.get(name) ?? "";
    const command = `espx deploy ${what} --device ${name}`;
    return deploy(asking(own, name), { ...options, what, device: name, port, command });
  });
}

/** Of several boards a person sees how each ends, and warnings; everything with `--verbose`. */
function calm(ctx: Context, looks: boolean): Context {
  if (ctx.out.json || ctx.flags.verbose) return ctx;
  const dull = new Set<EspxEvent["kind"]>(["release", "inventory", "running", "plan"]);
  const emit = (event: EspxEvent): void => {
    const remark = event.kind === "log" && event.data.level !== "warning";
    if (looks && event.kind === "plan") ctx.out.emit(inShort(event));
    if (!remark && !dull.has(event.kind)) ctx.out.emit(event);
  };
  return { ...ctx, out: { ...ctx.out, emit } };
}

/** Where nothing is changed the plan is how it ends. */
function inShort({ device = "", data }: EspxEvent & { readonly kind: "plan" }): EspxEvent {
  const end = data.upToDate ? "nothing to do" : `${data.steps.length} steps would bring it up to date`;
  return { kind: "log", data: { level: "info", text: `${device}: ${end}` } };
}

/** Whoever is asked must know about which board. */
function asking(ctx: Context, name: string): Context {
  const { terminal } = ctx;
  return { ...ctx, terminal: { ...terminal, ask: (question, signal) => terminal.ask(`${name}: ${question}`, signal) } };
}

type Deployable = DeviceEntry & { readonly profile: string };

function devicesOf(project: Project | null, profile: string | undefined): readonly Deployable[] {
  const all = Object.entries(project?.content.devices ?? {}).map(([name, entry]) => ({ ...entry, name }));
  const found = all.filter(
    (device): device is Deployable =>
      device.profile !== undefined && (profile === undefined || device.profile === profile),
  );
  if (found.length > 0) return found;
  const which = profile === undefined ? "a profile" : `the profile ${profile}`;
  const where = project === null ? "there is no espx.yaml here or above" : `no device of espx.yaml has ${which}`;
  throw new NotFoundError("cli/device-unknown", where, {
    hint: `write into espx.yaml: "devices: {kitchen: {port: …, profile: ${profile ?? "blinky"}}}"`,
  });
}

function refuseTwice(ports: ReadonlyMap<string, string | undefined>): void {
  const owners = new Map<string, string>();
  for (const [name, port] of ports) {
    if (port === undefined) continue;
    const other = owners.get(port);
    if (other === undefined) owners.set(port, name);
    else {
      throw new UsageError("cli/port-twice", `${other} and ${name} both have the port ${port}`, {
        hint: `correct one in espx.yaml, or deploy to one of them alone: espx deploy --device ${name}`,
      });
    }
  }
}

function noPort(name: string): NotFoundError {
  return new NotFoundError("cli/port-not-found", `nothing says where ${name} is`, {
    hint: `give ${name} a port in espx.yaml, or name it once: espx deploy --device ${name} --port …`,
  });
}
