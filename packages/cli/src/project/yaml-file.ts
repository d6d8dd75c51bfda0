import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from "yaml";
import type * as z from "zod";
import { didYouMean } from "./nearest.ts";
import { errorAt, type Place, type Source } from "./source.ts";

/** A path into a YAML document: keys of maps and indexes of lists. */
export type YamlPath = readonly (string | number)[];

/** A YAML file whose every scalar is the text that was written, with the place of everything. */
export interface YamlFile {
  readonly source: Source;
  /** Maps, lists and strings; nothing was converted. */
  readonly content: unknown;
  /** Where the value at `path` begins; the nearest that exists around it when it does not. */
  placeOf(path: YamlPath): Place;
  /** Where the key at the end of `path` stands. */
  placeOfKey(path: YamlPath): Place;
}

/**
 * Reads YAML with the failsafe schema: `1.10` and `0123` stay what was written.
 *
 * @throws ConfigError `cli/yaml-syntax`
 */
export function parseYamlFile(source: Source): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(source.text, { schema: "failsafe", lineCounter: lines, prettyErrors: false });
  const fault = document.errors[0];
  if (fault !== undefined) {
    const message = fault.message.replace(/ at line \d+, column \d+:?[\s\S]*$/, "");
    throw errorAt(source, positionAt(lines, fault.pos[0]), {
      code: "cli/yaml-syntax",
      message: `${source.file} is not YAML: ${message}`,
      hint: "mend the line that is shown",
    });
  }
  return {
    source,
    content: plainContent(document, source),
    placeOf: (path) => positionAt(lines, offsetOf(document, path)),
    placeOfKey: (path) => positionAt(lines, keyOffsetOf(document, path)),
  };
}

/** An alias without its anchor, and aliases that multiply without end, show only here. */
function plainContent(document: Document.Parsed, source: Source): unknown {
  try {
    return document.toJS() as unknown;
  } catch (error) {
    throw errorAt(
      source,
      { line: 1, column: 1 },
      {
        code: "cli/yaml-syntax",
        message: `${source.file} cannot be read as YAML: ${error instanceof Error ? error.message : "bad alias"}`,
        hint: "write out what stands behind & and *",
      },
    );
  }
}

/**
 * Converts a YAML file by `schema`; what does not fit is reported at its place.
 *
 * @throws ConfigError `cli/file-value`, `cli/file-key`
 */
export function convertYaml<S extends z.ZodType>(yaml: YamlFile, schema: S, path: YamlPath = []): z.output<S> {
  const result = schema.safeParse(
    path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], yaml.content),
  );
  if (result.success) return result.data;
  const issue = result.error.issues[0] as z.core.$ZodIssue;
  const at = [...path, ...issue.path.filter((key) => typeof key !== "symbol")];
  if (issue.code === "unrecognized_keys")
    throw unknownKey(yaml, { path: at, key: issue.keys[0] ?? "", known: knownKeys(schema, issue.path) });
  const keys = issue.code === "invalid_type" ? knownKeys(schema, issue.path) : [];
  throw errorAt(yaml.source, issue.code === "invalid_key" ? yaml.placeOfKey(at) : yaml.placeOf(at), {
    code: "cli/file-value",
    message: `${at.length === 0 ? yaml.source.file : `"${at.join(".")}"`} ${describe(issue)}`,
    ...(keys.length === 0 ? {} : { hint: `its keys are ${keys.join(", ")}` }),
  });
}

function unknownKey(
  yaml: YamlFile,
  { path, key, known }: { path: YamlPath; key: string; known: readonly string[] },
): Error {
  return errorAt(yaml.source, yaml.placeOfKey([...path, key]), {
    code: "cli/file-key",
    message: `"${key}" is not a key here${didYouMean(key, known)}`,
    ...(known.length === 0 ? {} : { hint: `the keys are ${known.join(", ")}` }),
  });
}

function describe(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type") {
    const kinds: Record<string, string> = { record: "a map", object: "a map", array: "a list", string: "a text" };
    return issue.message.includes("undefined") ? "is required" : `must be ${kinds[issue.expected] ?? issue.expected}`;
  }
  if (issue.code === "invalid_key") return issue.issues[0]?.message ?? "cannot be a key";
  if (issue.code === "invalid_value") return `must be one of ${issue.values.map(String).join(", ")}`;
  return issue.message;
}

/** The keys that the object schema at `path` has, as far as they can be followed. */
function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  let current: unknown = unwrap(schema);
  for (const key of path) {
    const { shape, valueType, element } = (current ?? {}) as {
      shape?: Record<PropertyKey, unknown>;
      valueType?: unknown;
      element?: unknown;
    };
    current = unwrap(shape?.[key] ?? valueType ?? element);
  }
  return Object.keys((current as { shape?: object } | undefined)?.shape ?? {});
}

function unwrap(schema: unknown): unknown {
  let current = schema as
    | { def?: { innerType?: unknown; out?: unknown; type?: string; in?: { def?: { type?: string } } } }
    | undefined;
  while (current?.def?.innerType !== undefined || current?.def?.type === "pipe") {
    current = (current.def.innerType ??
      (current.def.in?.def?.type === "transform" ? current.def.out : current.def.in)) as typeof current;
  }
  return current;
}

function positionAt(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function offsetOf(document: Document.Parsed, path: YamlPath): number {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range)
      return length === path.length ? node.range[0] : keyOffsetOf(document, path.slice(0, length));
  }
  return 0;
}

function keyOffsetOf(document: Document.Parsed, path: YamlPath): number {
  const parent: unknown = path.length <= 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const last = path.at(-1);
  if (isMap(parent)) {
    for (const { key } of parent.items) {
      if (isScalar(key) && key.value === last && key.range) return key.range[0];
    }
  }
  const node: unknown = path.length === 0 ? document.contents : document.getIn(path, true);
  return isNode(node) && node.range ? node.range[0] : 0;
}
