import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import type { SimSerialOptions } from "@espx/proto";
import { compared, figure, type FigureOptions, type Row } from "../../figures/row.ts";
import { pythonWith } from "../../python.ts";
import { median } from "../sim/call-costs.ts";
import { deploySet } from "./deploy-set.ts";
import { startPtyBoard, type PtyBoard } from "./pty-board.ts";
import { secondsOf } from "./run-timed.ts";
import { unchangedSeconds } from "./unchanged-profile.ts";

const espx = fileURLToPath(new URL("../../../packages/cli/dist/espx.js", import.meta.url));
const suite = "serial";
/** Bits of a byte on the line. */
const frameBits = 10;

interface Folder {
  readonly path: string;
  /** What has to travel at least: each source deflated by itself, the others as they are. */
  readonly leastBytes: number;
}

/** How a set is brought to a board. */
interface Tool {
  readonly name: string;
  command(board: PtyBoard, folder: Folder): readonly string[];
}

/** One link, and what is deployed over it. */
interface Link {
  readonly name: string;
  readonly serial: SimSerialOptions;
  /** Rate of the wire while the set travels; undefined: it has none. */
  readonly wireBaud: number | undefined;
  readonly flags: readonly string[];
  readonly firstMax: number | null;
  readonly unchangedMax: number | null;
  /** Whether the peer is measured here, or taken from the first link: it cannot raise the rate itself. */
  readonly peer: "here" | "first";
}

const links: readonly Link[] = [
  {
    name: "115200, fixed",
    serial: { baudRate: 115_200 },
    wireBaud: 115_200,
    flags: ["--baud", "fixed"],
    firstMax: 0.26,
    unchangedMax: 0.06,
    peer: "here",
  },
  {
    name: "460800, negotiated",
    serial: { baudRate: 115_200 },
    wireBaud: 460_800,
    flags: ["--baud", "460800"],
    firstMax: null,
    unchangedMax: null,
    peer: "first",
  },
  {
    name: "921600, negotiated",
    serial: { baudRate: 115_200 },
    wireBaud: 921_600,
    flags: [],
    firstMax: 0.08,
    unchangedMax: null,
    peer: "first",
  },
  {
    name: "native USB class",
    serial: { port: "usb" },
    wireBaud: undefined,
    flags: ["--baud", "fixed"],
    firstMax: 0.085,
    unchangedMax: null,
    peer: "here",
  },
];

/** A deploy of 30 files beside mpremote's `cp -r`, the same virtual board behind the same kind of terminal. */
export async function deployRows({ sample, seed, note }: FigureOptions): Promise<readonly Row[]> {
  const python = pythonWith("mpremote");
  if (python === undefined) {
    note("deploy: skipped, mpremote is not installed in .cache/python");
    return [];
  }
  const folder = makeFolder(seed);
  const home = mkdtempSync(join(tmpdir(), "espx-bench-home-"));
  const runs = sample ? 1 : 3;
  const rows: Row[] = [figure(suite, "deploy: runs", runs, "each")];
  let firstPeer: Times | undefined;
  try {
    for (const link of links) {
      const measure = (tool: Tool): Promise<Times> => measureTool(tool, { python, link, folder, home, runs, note });
      const peer = link.peer === "here" ? await measure(mpremote(python, "path")) : (firstPeer as Times);
      firstPeer ??= peer;
      rows.push(...rowsOf(link, folder, { ours: await measure(deployWith(link)), peer }));
      if (link === links[0] && !sample) rows.push(terminalRow(await measure(mpremote(python, "terminal")), peer));
      if (link.unchangedMax === null) continue;
      const value = await unchangedSeconds({ espx, python, serial: link.serial, folder: folder.path, home, note });
      const row = `deploy 30 files of a profile unchanged, ${link.name}`;
      rows.push(beside({ suite, row, value, unit: "s" }, peer.unchangedS, link.unchangedMax));
    }
    return rows;
  } finally {
    rmSync(home, { recursive: true, force: true });
    rmSync(folder.path, { recursive: true, force: true });
  }
}

const mpremote = (python: string, by: "path" | "terminal"): Tool => ({
  name: by === "path" ? "mpremote" : "mpremote, by the terminal's name",
  command: (board, folder) => [python, "-m", "mpremote", "connect", board[by], "cp", "-r", `${folder.path}/.`, ":"],
});

/** What mpremote gains where it knows that no adapter is there; a user's adapter does not have it. */
function terminalRow(byName: Times, peer: Times): Row {
  const row = "deploy 30 files by mpremote, at a pseudo-terminal's own name";
  return beside({ suite, row, value: byName.firstS, unit: "s" }, peer.firstS, null);
}

/** Has espx take the terminal for what it stands for. */
const usbTerminal = new URL("usb-terminal.mjs", import.meta.url).href;

const deployWith = ({ serial, flags }: Link): Tool => ({
  name: "espx",
  command: ({ path }, folder) => [
    process.execPath,
    ...(serial.port === "usb" ? ["--import", usbTerminal] : []),
    espx,
    "deploy",
    folder.path,
    "--port",
    path,
    "--no-restart",
    ...flags,
  ],
});

/** Medians in seconds. */
interface Times {
  readonly firstS: number;
  readonly unchangedS: number;
}

interface Setting {
  readonly python: string;
  readonly link: Link;
  readonly folder: Folder;
  readonly home: string;
  readonly runs: number;
  readonly note: (text: string) => void;
}

/** A fresh board for each first time; the unchanged set is brought again to the last one. */
async function measureTool(tool: Tool, { python, link, folder, home, runs, note }: Setting): Promise<Times> {
  const first: number[] = [];
  const unchanged: number[] = [];
  for (let run = 0; run < runs; run++) {
    await using board = await startPtyBoard(python, link.serial);
    const command = tool.command(board, folder);
    first.push(await secondsOf(command, home));
    for (let again = 0; again < 3; again++) unchanged.push(await secondsOf(command, home));
    if (board.board.flash.files().size < 30) throw new Error(`${command.join(" ")} left files out`);
  }
  const raw = (times: readonly number[]): string => times.map((time) => time.toFixed(2)).join(" ");
  note(`deploy over ${link.name}, ${tool.name}: first ${raw(first)} s; unchanged ${raw(unchanged)} s`);
  return { firstS: median(first), unchangedS: median(unchanged) };
}

function rowsOf(link: Link, folder: Folder, { ours, peer }: { ours: Times; peer: Times }): readonly Row[] {
  const first = { suite, row: `deploy 30 files, ${link.name}`, value: ours.firstS, unit: "s" };
  const same = { suite, row: `deploy a folder of 30 files unchanged, ${link.name}`, value: ours.unchangedS, unit: "s" };
  return [
    beside(first, peer.firstS, link.firstMax),
    ...wireRows(link, folder, ours.firstS),
    ...(link.peer === "here" ? [beside(same, peer.unchangedS, null)] : []),
  ];
}

function beside(measured: Pick<Row, "suite" | "row" | "value" | "unit">, value: number, maxRatio: number | null): Row {
  if (maxRatio !== null) return compared(measured, { name: "mpremote", value, maxRatio });
  return { ...measured, peer: "mpremote", peerValue: value, ratio: measured.value / value, goal: null, met: null };
}

/** The time that the bytes alone take on the wire, and its share of the whole command. */
function wireRows({ name, wireBaud }: Link, { leastBytes }: Folder, seconds: number): readonly Row[] {
  if (wireBaud === undefined) return [];
  const floor = (leastBytes * frameBits) / wireBaud;
  const share = Math.round((1000 * floor) / seconds) / 10;
  const goal = wireBaud === 115_200 ? { goal: ">= 95", met: share >= 95 } : {};
  return [
    figure(suite, `deploy: the wire alone, ${name}`, floor, "s"),
    { ...figure(suite, `deploy: share of the wire, ${name}`, share, "%"), ...goal },
  ];
}

function makeFolder(seed: number): Folder {
  const path = mkdtempSync(join(tmpdir(), "espx-bench-set-"));
  let leastBytes = 0;
  for (const file of deploySet(seed)) {
    mkdirSync(dirname(join(path, file.path)), { recursive: true });
    writeFileSync(join(path, file.path), file.bytes);
    const deflated = deflateRawSync(file.bytes, { level: 9, windowBits: 12 }).length;
    leastBytes += Math.min(deflated, file.bytes.length);
  }
  return { path, leastBytes };
}
