// Brings a fresh clone to the point where everything runs, and does nothing the second time.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));
const windows = process.platform === "win32";

/** Runs a program of the workspace in the foreground; its output goes to stderr, so that stdout stays the caller's. */
export function run(command, args, { quiet = false, env = {} } = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    shell: windows,
    stdio: ["ignore", quiet ? "ignore" : 2, 2],
  });
  if (result.error) throw result.error;
  return result.status ?? 1;
}

/** Path of a tool that `npm install` brought. */
export const tool = (name) => join(root, "node_modules", ".bin", windows ? `${name}.cmd` : name);

/** Installs what package-lock.json names, unless that very file was installed before. */
export function install() {
  checkNode();
  const stamp = join(root, "node_modules", ".espx-installed");
  const want = digest([join(root, "package-lock.json")], `${process.version} ${process.platform} ${process.arch}`);
  if (isStamped(stamp, want)) return;
  step("installing packages (once; half a minute, longer on a slow line)", () =>
    must(
      run(windows ? "npm.cmd" : "npm", ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"], {
        quiet: true,
      }),
      "npm install",
    ),
  );
  writeFileSync(stamp, want);
}

/** Builds the interpreter, the packages and the command, unless nothing they are made of has changed. */
export function build() {
  const stamp = join(root, "packages", "cli", "dist", ".built");
  const want = digest(sources());
  if (isStamped(stamp, want)) return;
  note(existsSync(stamp) ? "building again, since something has changed" : "building (once)");
  step("  types and packages", () => must(run(tool("tsc"), ["-b"]), "tsc -b"));
  step("  the virtual board's interpreter", () =>
    must(
      run(tool("tsx"), ["--conditions=@espx/source", "packages/sim/build/interpreter.ts"], { quiet: true }),
      "the interpreter",
    ),
  );
  step("  the command espx", () =>
    must(run(tool("tsup"), ["--config", "packages/cli/tsup.config.ts", "--silent"]), "tsup"),
  );
  mkdirSync(join(root, "packages", "cli", "dist"), { recursive: true });
  writeFileSync(stamp, want);
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(
    `espx needs Node 20.19 or newer, this is ${process.versions.node}: install a current one from nodejs.org`,
  );
  process.exit(1);
}

function sources() {
  const folders = [
    "device",
    "profiles",
    "manifests",
    ...readdirSync(join(root, "packages")).map((name) => join("packages", name)),
  ];
  const single = ["package-lock.json", "tsconfig.base.json", "tsconfig.json", "README.md", "LICENSE"];
  return [
    ...single.map((name) => join(root, name)),
    ...folders.flatMap((folder) => filesBelow(join(root, folder))),
  ].filter((path) => existsSync(path) && !built.includes(path));
}

/** What the build itself puts among the sources; it must not make the next run build again. */
const built = ["packages/cli/README.md", "packages/cli/LICENSE"].map((name) => join(root, name));

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (["node_modules", "dist", ".cache", "test", "tests"].includes(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

function digest(files, salt = "") {
  const hash = createHash("sha256").update(salt);
  for (const file of files.toSorted()) hash.update(`${file}\0`).update(readFileSync(file));
  return hash.digest("hex");
}

const isStamped = (stamp, want) => existsSync(stamp) && readFileSync(stamp, "utf8") === want;

function note(text) {
  console.error(`espx: ${text}`);
}

/** Says what begins before it does, and how long it took: nobody shall wonder what a silent minute is. */
function step(text, work) {
  const startMs = Date.now();
  note(text);
  work();
  const seconds = (Date.now() - startMs) / 1000;
  if (seconds >= 1) note(`${/^ */.exec(text)[0]}  done in ${seconds.toFixed(0)} s`);
}

function must(status, what) {
  if (status === 0) return;
  console.error(`espx: ${what} failed with exit code ${status}; its messages stand above`);
  process.exit(1);
}
