import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The built command, as `npm test` has it before any test runs. */
export const builtEspx = fileURLToPath(new URL("../../packages/cli/dist/espx.js", import.meta.url));

/** One line of `--json`. */
export interface Event {
  readonly kind: string;
  readonly device: string | null;
  readonly code: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What a process left behind. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A user of their own: folders for simulators, state and cache, and a working folder. */
export interface Home extends AsyncDisposable {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  write(files: Readonly<Record<string, string>>): Promise<void>;
  /** Runs espx to its end. */
  espx(...argv: string[]): Promise<Ended>;
  /** Starts espx and leaves it running; it is stopped with the home. */
  start(...argv: string[]): Running;
  /** Starts any program as this user. */
  run(command: string, argv: readonly string[], env?: NodeJS.ProcessEnv): Running;
  /** The same user in a folder below. */
  in(folder: string): Pick<Home, "espx" | "start">;
}

/** An espx that runs. */
export interface Running {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  stdout(): string;
  readonly ended: Promise<Ended>;
  /** The first event of a kind for which `fits` holds, among those that came and those to come. */
  event(kind: string, fits?: (event: Event) => boolean): Promise<Event>;
}

const EVENT_TIMEOUT_MS = 30_000;

export async function makeHome(espx: string = builtEspx): Promise<Home> {
  if (!existsSync(espx)) throw new Error(`${espx} is not there: npm run build`);
  const root = await mkdtemp(join(tmpdir(), "ex-"));
  const folder = join(root, "work");
  const env = {
    ESPX_RUNTIME_DIR: join(root, "run"),
    ESPX_STATE_DIR: join(root, "state"),
    ESPX_CACHE_DIR: join(tmpdir(), "espx-test-cache"),
  };
  const running: Running[] = [];
  const run = (
    command: string,
    argv: readonly string[],
    options: { cwd: string; env?: NodeJS.ProcessEnv },
  ): Running => {
    const own = { PATH: process.env["PATH"], HOME: root, NO_COLOR: "1", ...env, ...options.env };
    const started = startProcess(command, argv, { cwd: options.cwd, env: own });
    running.push(started);
    return started;
  };
  const startIn = (cwd: string, argv: readonly string[]): Running => run(process.execPath, [espx, ...argv], { cwd });
  const userIn = (cwd: string): Pick<Home, "espx" | "start"> => ({
    start: (...argv) => startIn(cwd, argv),
    espx: (...argv) => startIn(cwd, argv).ended,
  });
  await mkdir(folder, { recursive: true });
  return {
    folder,
    env,
    ...userIn(folder),
    run: (command, argv, more = {}) => run(command, argv, { cwd: folder, env: more }),
    in: (below) => userIn(join(folder, below)),
    async write(files) {
      for (const [name, content] of Object.entries(files)) {
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await writeFile(join(folder, name), content);
      }
    },
    async [Symbol.asyncDispose]() {
      for (const { child } of running) if (child.exitCode === null) child.kill("SIGTERM");
      await Promise.all(running.map(({ ended }) => ended));
      await rm(root, { recursive: true, force: true });
    },
  };
}

function startProcess(
  command: string,
  argv: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Running {
  const child = spawn(command, argv, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr, taken] = ["", "", 0];
  const events: Event[] = [];
  const waiting = new Set<() => void>();
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
    if (!argv.includes("--json")) return;
    for (let end = stdout.indexOf("\n", taken); end >= 0; end = stdout.indexOf("\n", taken)) {
      events.push(JSON.parse(stdout.slice(taken, end)) as Event);
      taken = end + 1;
    }
    for (const look of waiting) look();
  });
  const ended = new Promise<Ended>((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })));
  const event = (kind: string, fits: (event: Event) => boolean = () => true): Promise<Event> =>
    new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        waiting.delete(look);
      };
      const look = (): void => {
        const found = events.find((candidate) => candidate.kind === kind && fits(candidate));
        if (found === undefined) return;
        done();
        resolve(found);
      };
      const timer = setTimeout(() => {
        done();
        reject(new Error(`no event "${kind}" came; stdout: ${stdout}\nstderr: ${stderr}`));
      }, EVENT_TIMEOUT_MS);
      waiting.add(look);
      look();
    });
  return { child, stdout: () => stdout, ended, event };
}

/** The events of a run with `--json`. */
export function eventsOf({ stdout }: Ended): readonly Event[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Event);
}

/** Starts `espx sim` and waits until its boards are there. */
export async function startSim(
  home: Home,
  ...names: string[]
): Promise<{ readonly sim: Running; readonly urls: readonly string[]; readonly broker: string }> {
  const sim = home.start("sim", ...names, "--json", "--broker-port", "0");
  const boards = await Promise.all(names.map((name) => sim.event("board", (event) => event.data["name"] === name)));
  return { sim, urls: boards[0]?.data["urls"] as string[], broker: boards[0]?.data["broker"] as string };
}

/** A config for the virtual board's network, with no pauses. */
export function simConfig(name: string, broker: string): string {
  return `ssid espx-sim\npassword espx-sim\nmqttbroker ${new URL(broker).host}\nmqttname ${name}\nrate 2\n`;
}
