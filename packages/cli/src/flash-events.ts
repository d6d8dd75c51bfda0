import * as z from "zod";
import { errorFields } from "./error-fields.ts";

const bytes = z.int().min(0);
const address = z.int().min(0);

const partition = z.object({
  name: z.string(),
  type: z.string(),
  subtype: z.string(),
  offset: address,
  sizeBytes: bytes,
  encrypted: z.boolean(),
  readOnly: z.boolean(),
  content: z.string().nullable(),
});

/** A firmware as the catalogue names it. */
const catalogued = {
  board: z.string(),
  variant: z.string(),
  version: z.string(),
  chip: z.string(),
  address,
  url: z.string(),
};

/** What is told of flash and of files for it, by kind. */
export const flashEventSchemas = {
  image: z
    .object({
      file: z.string(),
      name: z.string().nullable(),
      address: address.nullable(),
      chip: z.string().nullable(),
      chipId: z.int(),
      minRevision: z.int(),
      maxRevision: z.int().nullable(),
      sizeBytes: bytes,
      entry: address,
      flash: z.object({ mode: z.string(), frequency: z.string(), size: z.string() }),
      segments: z.array(z.object({ address, offset: bytes, sizeBytes: bytes })),
      checksum: z.object({ value: z.int(), valid: z.boolean() }),
      sha256: z.object({ value: z.string(), valid: z.boolean() }).nullable(),
      application: z
        .object({
          name: z.string(),
          version: z.string(),
          built: z.string(),
          idfVersion: z.string(),
          elfSha256: z.string(),
          secureVersion: z.int(),
        })
        .nullable(),
    })
    .describe(
      "An ESP image in a file; `name` is its partition or `boot loader`, `address` where in flash it goes, null where the file does not say; revisions are major * 100 + minor, `maxRevision` null is any.",
    ),
  partitions: z
    .object({
      source: z.string(),
      partitions: z.array(partition),
      ota: z.object({ able: z.boolean(), reason: z.string() }),
    })
    .describe(
      "A partition table, from a file or a board; `content` is the application in a partition where that is known, `ota`: whether firmware can come over the air.",
    ),
  firmware: z
    .object({
      ...catalogued,
      sizeBytes: bytes,
      sha256: z.string(),
      pinned: z.enum(["catalogue", "lock", "new"]),
      from: z.enum(["cache", "download"]),
      reason: z.string(),
      ota: z.object({ able: z.boolean(), reason: z.string() }),
    })
    .describe(
      "A firmware was chosen and its bytes were checked; `pinned`: what requires its hash, `new` when that was not known before.",
    ),
  offer: z
    .object({
      ...catalogued,
      description: z.string(),
      flashBytes: bytes,
      pinned: z.enum(["catalogue", "lock"]).nullable(),
      cached: z.boolean(),
    })
    .describe(
      "A firmware of the catalogue; `flashBytes` is the least flash that it needs, `pinned` null when its hash is not known.",
    ),
  chip: z
    .object({
      port: z.string(),
      chip: z.string(),
      name: z.string(),
      description: z.string(),
      revision: z.int().nullable(),
      features: z.array(z.string()),
      mac: z.string().nullable(),
      crystalMhz: z.number().nullable(),
      flashId: z.int().nullable(),
      flashBytes: bytes.nullable(),
      security: z.object({
        secureBoot: z.boolean(),
        flashEncryption: z.boolean(),
        secureDownload: z.boolean(),
        downloadDisabled: z.boolean(),
      }),
      stub: z.boolean(),
      baudRate: z.int(),
    })
    .describe(
      "What the chip at a port told of itself; null where Secure Download Mode keeps it; `revision` is major * 100 + minor, `stub` whether its flasher stub runs.",
    ),
  "flash-plan": z
    .object({
      port: z.string(),
      files: z.array(z.object({ file: z.string(), address, sizeBytes: bytes })),
      pieces: z.array(z.object({ kind: z.enum(["write", "erase"]), address, sizeBytes: bytes })),
      writeBytes: bytes,
      eraseBytes: bytes,
      unchangedBytes: bytes,
    })
    .describe("What of the files is missing on the chip; no `pieces` when it holds all of them."),
  flashed: z
    .object({
      port: z.string(),
      chip: z.string(),
      mac: z.string().nullable(),
      writtenBytes: bytes,
      erasedBytes: bytes,
      unchangedBytes: bytes,
      sentBytes: bytes,
      resumed: z.int().min(0),
      baudRate: z.int(),
      durationMs: z.int().min(0),
      verified: z.boolean(),
      left: z.enum(["reset", "watchdog", "started", "stays"]),
      boot: z
        .object({
          kind: z.enum(["micropython", "blank", "no-application", "loop", "download", "other", "silent"]),
          text: z.string(),
        })
        .nullable(),
    })
    .describe(
      "Files are in flash, each verified there, but where `verified` is false, in Secure Download Mode; `sentBytes` is what went over the line, compressed; `left` is how the chip was left: reset, reset by its watchdog, started without a reset, or still in its loader; `boot` is what the board did then, null when it was not started.",
    ),
  details: z
    .object({
      port: z.string(),
      description: z.string(),
      features: z.array(z.string()),
      crystalMhz: z.number().nullable(),
      mac: z.string().nullable(),
      flashId: z.int().nullable(),
      flashBytes: bytes.nullable(),
      locks: z.array(z.string()),
      applications: z.array(z.object({ partition: z.string(), name: z.string(), version: z.string() })),
      ota: z.object({ able: z.boolean(), reason: z.string() }).nullable(),
    })
    .describe(
      "A chip in full, with the applications in its flash; `locks` names what its eFuses protect, `ota` is null without a partition table.",
    ),
  failed: z
    .object({
      name: z.string(),
      port: z.string(),
      ...errorFields,
    })
    .describe("One of several boards failed, as an `error` event has it; the others go on."),
  summary: z
    .object({
      boards: z.int(),
      done: z.int(),
      failed: z.int(),
      failures: z.array(z.object({ name: z.string(), port: z.string(), code: z.string() })),
    })
    .describe("How work on several boards ended."),
  region: z
    .object({
      port: z.string(),
      action: z.enum(["written", "erased", "verified"]),
      name: z.string().nullable(),
      address,
      sizeBytes: bytes,
      unchangedBytes: bytes,
      durationMs: z.int().min(0),
    })
    .describe(
      "Something was done to a piece of flash; `name` is its partition or file, `unchangedBytes` was there already.",
    ),
  flash: z
    .object({ port: z.string(), manufacturer: z.int(), device: z.int(), sizeBytes: bytes.nullable() })
    .describe("The flash chip at a port, by its JEDEC id."),
  mac: z.object({ port: z.string(), mac: z.string() }).describe("The address of the chip at a port."),
  written: z
    .object({ path: z.string(), sizeBytes: bytes, sha256: z.string(), secret: z.boolean() })
    .describe("A file was written here; `secret` when it may hold secrets and only its owner can read it."),
} as const;

/** The kinds among them. */
export type FlashEventKind = keyof typeof flashEventSchemas;
