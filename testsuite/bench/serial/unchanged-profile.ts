import type { SimSerialOptions } from "@espx/proto";
import { cpSync, readdirSync, writeFileSync, mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import { median } from "../sim/call-costs.ts";
import { startPtyBoard } from "./pty-board.ts";
import { secondsOf } from "./run-timed.ts";

interface Scene {
  readonly espx: string;
  readonly python: string;
  readonly serial: SimSerialOptions;
  /** The files of the set. */
  readonly folder: string;
  readonly home: string;
  readonly note: (text: string) => void;
}

const runs = 5;

/** A program of the framework, so that it can be asked while it runs. */
const program = `from espx.component import Component


class App(Component):
    name = "app"


components = [App()]
`;

/** Deploys the set as a profile, waits until the board has confirmed it, and takes the median time of deploys that change nothing. */
export async function unchangedSeconds({ espx, python, serial, folder, home, note }: Scene): Promise<number> {
  const project = join(home, "project");
  makeProject(project, folder);
  await using board = await startPtyBoard(python, serial);
  const command = [process.execPath, espx, "deploy", "set", "--port", board.path];
  await secondsOf(command, home, project);
  const times: number[] = [];
  for (let run = 0; run < runs; run++) times.push(await secondsOf(command, home, project));
  note(`deploy of a profile, unchanged: ${times.map((time) => time.toFixed(3)).join(" ")} s`);
  return median(times);
}

function makeProject(project: string, folder: string): void {
  const profile = join(project, "profiles", "set");
  mkdirSync(join(project, "manifests"), { recursive: true });
  cpSync(folder, profile, { recursive: true });
  const names = readdirSync(profile, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(profile, join(entry.parentPath, entry.name)));
  writeFileSync(join(profile, "main.py"), program);
  writeFileSync(join(project, "espx.yaml"), "fleet: bench\n");
  const files = ["main.py", ...names.filter((name) => name !== "main.py")].map((name) => `  - ${name}\n`).join("");
  writeFileSync(
    join(project, "manifests", "set.yaml"),
    `profile: set\ndescription: What deploys are measured with\nfirmware: {version: ">=1.24"}\nlayout: slots\nmodules: []\ncompile: true\nfiles:\n${files}`,
  );
}
