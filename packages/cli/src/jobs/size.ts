import { DeviceError, type Release, type ReleaseFile } from "@espx/proto";
import type { Context } from "../context.ts";
import type { EventData } from "../events.ts";
import { readConfigFile } from "../project/config-source.ts";
import { buildConfig } from "../project/device-config.ts";
import { loadProfile, requireSlots, type Profile } from "../project/profile.ts";
import { loadProject, projectSecrets } from "../project/project.ts";
import { buildProfile } from "../release/build.ts";
import type { BenchBoard, BenchOptions } from "../scenario/bench.ts";
import { boardFiles } from "../scenario/board-files.ts";
import { networkOf, scenarioConfig } from "../scenario/install.ts";
import { baseSource, probeSource, readBase, readProbe, RUNNING_AFTER_MS, type ProbeReport } from "./size-probe.ts";

/** What is measured, and with which config. */
export interface SizeOptions {
  readonly profile: string;
  /** undefined: the manifest's defaults and the virtual network. */
  readonly configFile: string | undefined;
}

type Size = EventData<"size">;
type Row = Size["modules"][number];

/** What a file takes on littlefs: whole blocks. */
const FLASH_BLOCK_BYTES = 4096;
/** What a program finds free on an ESP32 without PSRAM, and on a virtual board. */
const HEAP_BYTES = 160 * 1024;
const ONLINE_LIMIT_MS = 60_000;
const TIMED_STARTS = 3;
const TIMED_START_LIMIT_MS = 20_000;

/**
 * Measures heap, flash and import time of every module of a profile: on a virtual board that starts it, with each
 * import weighed, once in virtual time for the heap and a few times in real time for the time.
 *
 * @throws DeviceError `cli/size-incomplete` when the program does not come up
 */
export async function size(ctx: Context, { profile: name, configFile }: SizeOptions): Promise<Size> {
  const project = await loadProject(ctx);
  const profile = await loadProfile(ctx, project, name);
  requireSlots(profile, "espx size");
  const secrets = await projectSecrets(ctx, project);
  const config =
    configFile === undefined
      ? scenarioConfig(
          ctx,
          { profile, secrets },
          { setup: { config: new Map() }, origin: { source: profile.yaml.source, lines: [] } },
        )
      : buildConfig(ctx, await readConfigFile(ctx, configFile), { profile, secrets });
  const { release } = await buildProfile(ctx, profile, null);
  const { report, onlineMs } = await weigh(ctx, { release, config });
  const times = await timeStarts(ctx, { release, config, last: report.modules.at(-1)?.name ?? "" });
  const data = summarize({ profile, release, report, times, onlineMs });
  ctx.out.emit({ kind: "size", data });
  return data;
}

interface Start {
  readonly release: Release;
  readonly config: string;
}

/** The board of a start, with the probe in front of its boot.py. */
function boardWith({ release, config }: Start, probe: string, mode: "virtual" | "real"): BenchOptions {
  const files = boardFiles({ release, config, state: "confirmed" });
  const boot = files["/boot.py"] ?? "";
  const text = typeof boot === "string" ? boot : new TextDecoder().decode(boot);
  return {
    mode,
    seed: 1,
    board: { name: "board", files: { ...files, "/boot.py": `${probe}${text}` }, heapBytes: HEAP_BYTES },
    network: mode === "virtual" ? networkOf(config) : null,
  };
}

/**
 * What is in use before the launcher: firmware modules, and the probe itself.
 *
 * What boot.py leaves behind is the launcher's: beside its code these are the names in it, which the interpreter keeps, in a pool that
 * doubles when it is full.
 */
async function weighBase(ctx: Context, start: Start): Promise<number> {
  const probe = probeSource(true);
  const options = boardWith(start, probe, "virtual");
  const files = { ...options.board.files, "/boot.py": probe, "/main.py": baseSource };
  await using bench = await (await ctx.outside.testBench()).open({ ...options, board: { ...options.board, files } });
  const console = listen(bench);
  await bench.board.powerOn();
  await bench.advance(1000);
  const base = readBase(console());
  if (base === undefined) throw incomplete(console());
  return base;
}

async function weigh(ctx: Context, start: Start): Promise<{ report: ProbeReport; onlineMs: number | null }> {
  const base = await weighBase(ctx, start);
  await using bench = await (await ctx.outside.testBench()).open(boardWith(start, probeSource(true), "virtual"));
  const console = listen(bench);
  await bench.board.powerOn();
  let onlineMs: number | null = null;
  for (let ms = 0; ms < RUNNING_AFTER_MS + ONLINE_LIMIT_MS && readProbe(console()).running === undefined; ms += 50) {
    ctx.signal.throwIfAborted();
    if (onlineMs === null && bench.clients.length > 0) onlineMs = bench.now();
    await bench.advance(50);
  }
  const report = readProbe(console(), base);
  if (report.running === undefined || report.modules.length === 0) throw incomplete(console());
  return { report, onlineMs };
}

/** Import times of several starts in real time, by module: the least of each, since everything else only adds. */
async function timeStarts(
  ctx: Context,
  { last, ...start }: Start & { readonly last: string },
): Promise<ReadonlyMap<string, number>> {
  const times = new Map<string, number>();
  for (let run = 0; run < TIMED_STARTS; run++) {
    for (const { path, importMs } of await timeStart(ctx, { ...start, last })) {
      times.set(path, Math.min(importMs, times.get(path) ?? Number.POSITIVE_INFINITY));
    }
  }
  return times;
}

async function timeStart(
  ctx: Context,
  { last, ...start }: Start & { readonly last: string },
): Promise<ProbeReport["modules"]> {
  await using bench = await (await ctx.outside.testBench()).open(boardWith(start, probeSource(false), "real"));
  const console = listen(bench);
  await bench.board.powerOn();
  for (let ms = 0; ms < TIMED_START_LIMIT_MS; ms += 10) {
    const { modules } = readProbe(console());
    if (modules.some(({ name }) => name === last)) return modules;
    await ctx.clock.sleep(10, ctx.signal);
  }
  throw incomplete(console());
}

function listen({ board }: BenchBoard): () => string {
  const decoder = new TextDecoder();
  let text = "";
  board.onEvent((event) => {
    if (event.kind === "console") text += decoder.decode(event.bytes, { stream: true }).replaceAll("\r", "");
  });
  return () => text;
}

function incomplete(console: string): DeviceError {
  const lines = console
    .trimEnd()
    .split("\n")
    .filter((line) => !line.startsWith("#size"))
    .slice(-20);
  return new DeviceError(
    "cli/size-incomplete",
    `the program does not run for ${RUNNING_AFTER_MS / 1000} s on the virtual board; it said last:\n  ${lines.join("\n  ")}`,
    {
      hint: "mend the program; espx test shows what it does on a virtual board",
      details: { console: lines },
    },
  );
}

interface Measured {
  readonly profile: Profile;
  readonly release: Release;
  readonly report: ProbeReport;
  readonly times: ReadonlyMap<string, number>;
  readonly onlineMs: number | null;
}

function summarize({ profile, release, report, times, onlineMs }: Measured): Size {
  const files = new Map([
    ...release.launcher.map((file) => [file.path, file] as const),
    ...release.files.map((file) => [`/a/${file.path}`, file] as const),
  ]);
  const loaded = new Map(report.modules.map((module) => [absolute(module.path), module]));
  const rows = [...files].map(([path, file]): Row => {
    const module = loaded.get(path);
    const heapBytes = path === "/main.py" ? report.launcherHeapBytes : (module?.heapBytes ?? null);
    const importMs = module === undefined ? null : (times.get(module.path) ?? module.importMs);
    return { ...describeFile(profile, path, file), heapBytes, importMs };
  });
  const order = [...loaded.keys()];
  const rank = ({ path }: Row): number =>
    path === "/main.py" ? -1 : order.includes(path) ? order.indexOf(path) : order.length;
  const modules = rows.toSorted((a, b) => rank(a) - rank(b));
  const sum = (value: (row: Row) => number | null): number =>
    modules.reduce((total, row) => total + (value(row) ?? 0), 0);
  const { usedBytes = 0, freeBytes = 0, largestFreeBytes = 0 } = report.running ?? {};
  return {
    profile: profile.name,
    release: release.id,
    modules,
    fileBytes: sum((row) => row.fileBytes),
    flashBytes: sum((row) => row.flashBytes),
    importMs: sum((row) => row.importMs),
    heap: {
      totalBytes: HEAP_BYTES,
      modulesBytes: sum((row) => row.heapBytes),
      runningBytes: usedBytes,
      freeBytes,
      largestFreeBytes,
      afterMs: RUNNING_AFTER_MS,
    },
    onlineMs: onlineMs === null ? null : Math.round(onlineMs),
  };
}

function describeFile(
  { framework, modules }: Profile,
  path: string,
  { sizeBytes }: ReleaseFile,
): Pick<Row, "name" | "part" | "path" | "fileBytes" | "flashBytes"> {
  const inSlot = path.replace(/^\/a\/(lib\/)?/, "");
  const source = inSlot.replace(/\.mpy$/, ".py");
  const part = framework.launcher.some((file) => `/${file}` === path.replace(/\.mpy$/, ".py"))
    ? "launcher"
    : (modules.find(({ files }) => path.startsWith("/a/lib/") && files.includes(source))?.name ?? "profile");
  const name =
    source.endsWith(".py") && part !== "launcher"
      ? source.slice(0, -".py".length).replaceAll("/", ".")
      : path.replace(/^\/a\//, "");
  return {
    name,
    part,
    path,
    fileBytes: sizeBytes,
    flashBytes: Math.ceil(sizeBytes / FLASH_BLOCK_BYTES) * FLASH_BLOCK_BYTES,
  };
}

/** The slot is the working folder, and its files may be named from there. */
const absolute = (path: string): string => (path.startsWith("/") ? path : `/a/${path}`);
