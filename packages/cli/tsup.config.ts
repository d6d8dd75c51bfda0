import { execFileSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig, type Options } from "tsup";
import { bundledPackages, notices } from "./build/notices.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "..", "..");
const dist = join(here, "dist");

/** What is no module goes beside the bundle; `src/assets.ts` finds it there. */
function copyAssets(): void {
  rmSync(join(dist, "assets"), { recursive: true, force: true });
  for (const kind of ["device", "profiles", "manifests"]) {
    cpSync(join(root, kind), join(dist, "assets", kind), { recursive: true, filter: isShipped });
  }
  for (const step of ["pack-sim.ts", "pack-types.ts"]) {
    const tsx = join(root, "node_modules", "tsx", "dist", "cli.mjs");
    execFileSync(process.execPath, [tsx, join(here, "build", step)], { stdio: "inherit" });
  }
  cpSync(join(here, "src", "release", "mpy-worker.mjs"), join(dist, "mpy-worker.mjs"));
  for (const file of ["README.md", "LICENSE"])
    if (existsSync(join(root, file))) cpSync(join(root, file), join(here, file));
}

/** A profile's scenarios are shipped, tests of the framework are not. */
const isShipped = (path: string): boolean =>
  !/[/\\](__pycache__|\.\w[^/\\]*|ruff\.toml)$/.test(path) && path !== join(root, "device", "tests");

/** Puts the licenses of what a bundle holds beside it. */
function giveCredit(folder: string, more = ""): void {
  const metafile = join(folder, "metafile-esm.json");
  const folders = bundledPackages(JSON.parse(readFileSync(metafile, "utf8")) as Parameters<typeof bundledPackages>[0]);
  writeFileSync(join(folder, "NOTICES.txt"), notices(folders) + more);
  rmSync(metafile);
}

/** Names of chunks change with their content; old ones would be packed too. */
function removeOldModules(): void {
  if (!existsSync(dist)) return;
  for (const name of readdirSync(dist)) if (/\.m?js(\.map)?$/.test(name)) rmSync(join(dist, name));
}

const { dependencies } = JSON.parse(readFileSync(join(here, "package.json"), "utf8")) as {
  dependencies: Record<string, string>;
};

/** Read by many starts, and made of many small files each: opening those takes longer than running them. */
const bundled = ["commander", "serialport", "yaml", "zod"];

removeOldModules();

const source = (name: string): string => join(here, "src", `${name}.ts`);
const common: Options = {
  format: "esm",
  splitting: true,
  clean: false,
  dts: false,
  sourcemap: false,
  metafile: true,
  // Names stay: a stack trace in a report must be readable.
  minifySyntax: true,
  minifyWhitespace: true,
  esbuildOptions(options) {
    options.conditions = ["@espx/source"];
  },
};

export default defineConfig([
  {
    ...common,
    entry: { espx: source("main"), index: source("index"), node: source("node") },
    outDir: dist,
    target: "node20",
    platform: "node",
    external: Object.keys(dependencies).filter((name) => !bundled.includes(name)),
    noExternal: [/^@espx\//, /^@serialport\/(?!bindings-cpp)/, ...bundled],
    // What is CommonJS asks for Node's own modules, and for the binding that stays outside, since it is no JavaScript.
    banner: { js: 'import{createRequire as requireFrom}from"node:module";const require=requireFrom(import.meta.url);' },
    esbuildOptions(options) {
      options.conditions = ["@espx/source"];
      // Its build for Node is CommonJS, which cannot be bundled into a module; this one is the same code.
      options.alias = { yaml: join(root, "node_modules", "yaml", "browser", "index.js") };
    },
    onSuccess: async () => {
      giveCredit(dist, `\n${readFileSync(join(here, "build", "interpreter-license.txt"), "utf8")}`);
      copyAssets();
    },
  },
  {
    ...common,
    entry: { browser: source("browser") },
    outDir: join(dist, "browser"),
    clean: true,
    target: "es2022",
    platform: "browser",
    noExternal: [/./],
    onSuccess: async () => giveCredit(join(dist, "browser")),
  },
]);
