import { stat } from "node:fs/promises";
import * as z from "zod";
import type { Context } from "../context.ts";
import { errorAt, readSource, type Place, type Source } from "./source.ts";
import { convertYaml, parseYamlFile } from "./yaml-file.ts";

/** Values that stand nowhere but in the environment or in espx.secrets.yaml. */
export interface Secrets {
  /**
   * Puts values in the place of `${NAME}`; each is hidden from every output from then on.
   *
   * @throws ConfigError `cli/secret-missing` at `place` of `source`
   */
  expand(text: string, source: Source, place: Place): string;
}

const secretsSchema = z.record(z.string().regex(/^\w+$/, "must be a name of letters, digits and _"), z.string());

/** Reads espx.secrets.yaml when there is one; the environment wins over it. */
export async function loadSecrets(ctx: Context, path: string | null): Promise<Secrets> {
  const stored = path === null ? {} : await readSecrets(ctx, path);
  return {
    expand: (text, source, place) =>
      text.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => {
        const value = ctx.env[name] ?? stored[name];
        if (value === undefined || value === "") throw missing(name, source, place);
        ctx.redactor.hide(value);
        return value;
      }),
  };
}

function missing(name: string, source: Source, place: Place): Error {
  return errorAt(source, place, {
    code: "cli/secret-missing",
    message: `\${${name}} has no value`,
    hint: `set ${name} in the environment, or write "${name}: …" into espx.secrets.yaml beside espx.yaml`,
  });
}

async function readSecrets(ctx: Context, path: string): Promise<Readonly<Record<string, string>>> {
  const facts = await stat(path).catch(() => null);
  if (facts === null) return {};
  const yaml = parseYamlFile(await readSource(path, ctx.cwd));
  if (process.platform !== "win32" && (facts.mode & 0o077) !== 0) {
    ctx.out.emit({
      kind: "log",
      data: { level: "warning", text: `others can read ${yaml.source.file}: chmod 600 ${yaml.source.file}` },
    });
  }
  return convertYaml(yaml.content === null || yaml.content === "" ? { ...yaml, content: {} } : yaml, secretsSchema);
}
