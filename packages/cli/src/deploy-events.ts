import * as z from "zod";

const bytes = z.int().min(0);

/** Data of the events of a deploy, by kind. Within one `v` a kind only gains fields. */
export const deployEventSchemas = {
  inventory: z
    .object({
      id: z.string(),
      board: z.string(),
      version: z.string(),
      port: z.string(),
      slot: z.enum(["a", "b"]).nullable(),
      state: z.enum(["trial", "confirmed", "dev"]).nullable(),
      files: z.int(),
      freeBytes: bytes,
    })
    .describe("What the board at a port is and runs."),
  running: z
    .object({
      id: z.string(),
      port: z.string(),
      release: z.string(),
      slot: z.enum(["a", "b"]),
      state: z.enum(["trial", "confirmed", "dev"]),
    })
    .describe("What a board that was asked without stopping it says of itself; nothing on it has changed."),
  release: z
    .object({ release: z.string(), files: z.int(), sizeBytes: bytes, compiled: z.int(), fromCache: z.int() })
    .describe("A manifest was built into a release."),
  plan: z
    .object({
      release: z.string(),
      slot: z.enum(["a", "b"]).nullable(),
      upToDate: z.boolean(),
      sendBytes: bytes,
      steps: z.array(
        z.object({ kind: z.string(), path: z.string().nullable(), sizeBytes: bytes, source: z.string().nullable() }),
      ),
    })
    .describe(
      "What would turn the board into the release; empty `steps` when it already is. `slot` is null in layout flat.",
    ),
  deployed: z
    .object({
      release: z.string(),
      slot: z.enum(["a", "b"]).nullable(),
      state: z.enum(["trial", "confirmed", "dev", "unchanged", "placed"]),
      port: z.string(),
      sentBytes: bytes,
      durationMs: z.int().min(0),
      waitingFor: z.array(z.string()),
    })
    .describe(
      "A deploy ended well; `trial` when it did not wait for the confirmation, `placed` in layout flat, where nothing confirms.",
    ),
  watching: z
    .object({ port: z.string(), release: z.string(), slot: z.enum(["a", "b"]).nullable(), files: z.int() })
    .describe(
      "The board has the files; so many are watched from here on. In slots the set is marked `dev` with the first change.",
    ),
  saved: z
    .object({
      port: z.string(),
      release: z.string(),
      paths: z.array(z.string()),
      sentBytes: bytes,
      durationMs: z.int().min(0),
    })
    .describe(
      "What was saved is on the board, and its program was started anew; `durationMs` is from the moment when the files had been quiet.",
    ),
  rejected: z
    .object({
      class: z.string(),
      message: z.string(),
      hint: z.string().nullable(),
      file: z.string().nullable(),
      line: z.int().nullable(),
      column: z.int().nullable(),
      excerpt: z.string().nullable(),
    })
    .describe("What was saved cannot go on the board, which runs on as it was; the event's `code` names the error."),
} as const;

/** The names of their kinds. */
export type DeployEventKind = keyof typeof deployEventSchemas;
