import * as z from "zod";
import { errorFields } from "./error-fields.ts";
import { deployEventSchemas } from "./deploy-events.ts";
import { flashEventSchemas } from "./flash-events.ts";

const bytes = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** Data of every kind of event, by kind. Within one `v` a kind only gains fields. */
export const eventSchemas = {
  log: z.object({ level: z.enum(["info", "detail", "warning"]), text: z.string() }).describe("A remark for a person."),
  progress: z
    .object({ task: z.string(), doneBytes: bytes, totalBytes: bytes, path: z.string().nullable() })
    .describe("How far a transfer has come; counts content, not what the wire adds."),
  port: z
    .object({
      url: z.string(),
      description: z.string(),
      known: z.boolean(),
      vendorId: z.int().nullable(),
      productId: z.int().nullable(),
      serialNumber: z.string().nullable(),
      change: z.enum(["added", "removed"]).nullable(),
    })
    .describe(
      "A port at which a board may be; `known` when its adapter is one that ESP32 boards carry. `change` is null for one that is there, else what `ports --watch` has seen.",
    ),
  board: z
    .object({ name: z.string(), id: z.string().nullable(), urls: z.array(z.string()), broker: z.string() })
    .describe("A virtual board that runs, with every address at which it is reached."),
  stopped: z.object({ name: z.string() }).describe("A virtual board that was stopped."),
  ...deployEventSchemas,
  file: z
    .object({ path: z.string(), sizeBytes: bytes, sha256, unchanged: z.boolean() })
    .describe("A single file is on the board."),
  output: z
    .object({ stream: z.enum(["stdout", "stderr"]), text: z.string() })
    .describe("What code on the board printed."),
  message: z
    .object({ topic: z.string(), payload: z.string(), retained: z.boolean() })
    .describe("A message that arrived from the broker; bytes that are not UTF-8 are replaced."),
  published: z.object({ topic: z.string(), payload: z.string() }).describe("A message that the broker took."),
  pin: z
    .object({ board: z.string(), pin: z.int(), value: z.union([z.literal(0), z.literal(1)]) })
    .describe("The level of a pin."),
  fault: z
    .object({ name: z.string(), description: z.string(), example: z.string().optional() })
    .describe("A fault that a virtual board can be given."),
  power: z
    .object({ board: z.string(), action: z.enum(["on", "off", "cycle"]) })
    .describe("A virtual board's power was switched."),
  step: z.object({ number: z.int(), total: z.int(), title: z.string() }).describe("The demo begins a step."),
  shown: z.object({ text: z.string() }).describe("The demo has seen this to be true."),
  scenario: z
    .object({
      profile: z.string(),
      name: z.string(),
      file: z.string(),
      passed: z.boolean(),
      virtualMs: z.int().min(0),
      durationMs: z.int().min(0),
      failure: z
        .object({
          code: z.string(),
          message: z.string(),
          line: z.int().nullable(),
          statement: z.string().nullable(),
          expected: z.string().nullable(),
          seen: z.string().nullable(),
          console: z.array(z.string()),
        })
        .nullable(),
    })
    .describe("A scenario of a profile ended; `console` holds the last lines that its board said."),
  size: z
    .object({
      profile: z.string(),
      release: z.string(),
      modules: z.array(
        z.object({
          name: z.string(),
          part: z.string(),
          path: z.string(),
          fileBytes: bytes,
          flashBytes: bytes,
          heapBytes: bytes.nullable(),
          importMs: z.number().min(0).nullable(),
        }),
      ),
      fileBytes: bytes,
      flashBytes: bytes,
      importMs: z.number().min(0),
      heap: z.object({
        totalBytes: bytes,
        modulesBytes: bytes,
        runningBytes: bytes,
        freeBytes: bytes,
        largestFreeBytes: bytes,
        afterMs: z.int(),
      }),
      onlineMs: z.int().nullable(),
    })
    .describe(
      "What a profile takes on a virtual board, modules in the order in which they are loaded; null stands for a file that no start loads.",
    ),
  ...flashEventSchemas,
  error: z
    .object({
      ...errorFields,
    })
    .describe("What ended the verb; the event's `code` is the permanent name of the error."),
  result: z
    .object({ exit: z.int(), data: z.record(z.string(), z.unknown()) })
    .describe("The last event of every run: the exit code, and what the verb is about."),
} as const;

/** One NDJSON line. */
export const envelopeSchema = z.object({
  v: z.literal(1),
  t: z.iso.datetime(),
  kind: z.string(),
  verb: z.string(),
  device: z.string().nullable(),
  code: z.string().nullable(),
  data: z.unknown(),
});

type Schemas = typeof eventSchemas;

/** The names of all kinds. */
type EventKind = keyof Schemas;

/** Data of one kind. */
export type EventData<K extends EventKind> = z.infer<Schemas[K]>;

/** A thing that happened, as a job reports it and an output writes it. */
export type EspxEvent = {
  [K in EventKind]: { readonly kind: K; readonly data: EventData<K>; readonly device?: string; readonly code?: string };
}[EventKind];
