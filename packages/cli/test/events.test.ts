import { expect, test } from "vitest";
import * as z from "zod";
import { envelopeSchema, eventSchemas } from "../src/events.ts";
import { createJsonOutput } from "../src/output/json.ts";
import { createRedactor } from "../src/output/redactor.ts";
import { goldenFile } from "./_golden.ts";

interface Property {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly items?: Property;
  readonly anyOf?: readonly Property[];
  readonly properties?: Readonly<Record<string, Property>>;
}

const intro = `# Events of \`--json\`

With \`--json\` every verb prints one JSON object a line on stdout and nothing for people anywhere:

\`\`\`json
{"v":1,"t":"2026-01-02T03:04:05.000Z","kind":"plan","verb":"deploy","device":null,"code":null,"data":{}}
\`\`\`

\`v\` is the version of this form: within one \`v\` a kind only gains fields and new kinds may come, so ignore what you do not know. \`t\` is UTC.
\`device\` is the name of the device or virtual board an event is about, where there is one. \`code\` is the permanent name of an error, see
[errors.md](errors.md). The last line of every run is a \`result\`, whose \`exit\` is the exit code; before it stands an \`error\` when the run failed.
\`progress\` comes at most five times a second; \`log\` of level \`detail\` comes with \`--verbose\` only. Secrets are masked as \`********\`.

The texts in \`message\`, \`hint\` and \`log\` are for people and change; kinds, fields and codes are what a script may lean on.
`;

function typeOf(property: Property): string {
  if (property.enum !== undefined) return property.enum.map((value) => JSON.stringify(value)).join(" \\| ");
  if (property.const !== undefined) return JSON.stringify(property.const);
  if (property.anyOf !== undefined) return property.anyOf.map(typeOf).join(" \\| ");
  if (property.type === "array") return `list of ${typeOf(property.items ?? {})}`;
  if (property.properties !== undefined) {
    return `{${Object.entries(property.properties)
      .map(([name, inner]) => `${name}: ${typeOf(inner)}`)
      .join(", ")}}`;
  }
  return property.type === undefined ? "anything" : [property.type].flat().join(" \\| ");
}

function describeKind(kind: string, schema: z.ZodType): string {
  const { properties = {} } = z.toJSONSchema(schema) as Property;
  const rows = Object.entries(properties).map(([name, property]) => `| \`${name}\` | ${typeOf(property)} |`);
  return [`## ${kind}`, "", schema.description ?? "", "", "| field of `data` | value |", "|---|---|", ...rows, ""].join(
    "\n",
  );
}

test("docs/events.md describes every kind of event", () => {
  const kinds = Object.entries(eventSchemas).map(([kind, schema]) => describeKind(kind, schema));
  const text = `${intro}\n${kinds.join("\n")}`;
  expect(text).toBe(goldenFile("docs/events.md", text));
});

test("every kind says in a sentence what it is", () => {
  for (const schema of Object.values(eventSchemas)) expect(schema.description).toMatch(/^[A-Z].*\.$/);
});

function jsonLines(
  verbose: boolean,
  steps: (emit: ReturnType<typeof createJsonOutput>["emit"], tick: (ms: number) => void) => void,
): string[] {
  let nowMs = 1_000_000;
  const lines: string[] = [];
  const redactor = createRedactor();
  redactor.hide('pass"word');
  const sinks = { stdout: (text: string | Uint8Array) => void lines.push(String(text)), stderr: () => undefined };
  const output = createJsonOutput(sinks, { verb: "deploy", redactor, nowMs: () => nowMs, verbose });
  steps(
    (event) => output.emit(event),
    (ms) => (nowMs += ms),
  );
  return lines;
}

test("an event is one line that its schema takes", () => {
  const [line = ""] = jsonLines(false, (emit) =>
    emit({ kind: "pin", device: "kitchen", data: { board: "kitchen", pin: 2, value: 1 } }),
  );
  expect(line.endsWith("\n")).toBe(true);
  const { kind, data } = envelopeSchema.parse(JSON.parse(line));
  expect(kind).toBe("pin");
  expect(eventSchemas.pin.parse(data)).toEqual({ board: "kitchen", pin: 2, value: 1 });
});

test("progress comes at most five times a second and ends with the whole", () => {
  const lines = jsonLines(false, (emit, tick) => {
    for (let doneBytes = 0; doneBytes <= 1000; doneBytes += 10) {
      emit({ kind: "progress", data: { task: "sending", doneBytes, totalBytes: 1000, path: null } });
      tick(10);
    }
  });
  expect(lines.length).toBe(6);
  expect(lines.at(-1)).toContain('"doneBytes":1000');
});

test("details come with --verbose only, secrets never", () => {
  const steps = (emit: ReturnType<typeof createJsonOutput>["emit"]): void => {
    emit({ kind: "log", data: { level: "detail", text: 'it is pass"word' } });
  };
  expect(jsonLines(false, steps)).toEqual([]);
  expect(jsonLines(true, steps)[0]).toContain('"it is ********"');
});
