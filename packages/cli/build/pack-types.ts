import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

// Puts the declarations of espx and of its packages side by side, since the packages themselves are not published.
const packages = fileURLToPath(new URL("../..", import.meta.url));
const types = fileURLToPath(new URL("../dist/types", import.meta.url));

/** Folder of declarations by package. */
const folders = { espx: "cli", proto: "proto", image: "image", ota: "ota", serial: "serial", sim: "sim" } as const;

rmSync(types, { recursive: true, force: true });
for (const [name, folder] of Object.entries(folders)) {
  const from = join(packages, folder, "dist");
  for (const path of readdirSync(from, { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith(".d.ts") || /^(types|assets|browser)[/\\]/.test(path)) continue;
    const to = join(types, name, path);
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, withoutPackages(readFileSync(join(from, path), "utf8"), to));
  }
}

/** `@espx/proto` becomes the way to it from the file at `to`. */
function withoutPackages(declarations: string, to: string): string {
  return declarations
    .replace(/(["'])@espx\/(\w+)\1/g, (_, quote: string, name: string) => {
      const way = relative(dirname(to), join(types, name, "index.js")).replaceAll("\\", "/");
      return `${quote}${way.startsWith(".") ? way : `./${way}`}${quote}`;
    })
    .replace(/\/\/# sourceMappingURL=.*\n?$/, "");
}
