import { makeFlashPart } from "../flash/flash-part.ts";
import { makeNetPart } from "../net/net-part.ts";
import type { MakeWorkerPart } from "./worker-part.ts";

/** The parts of a board beside the chip itself. */
export const workerParts: readonly MakeWorkerPart[] = [makeFlashPart, makeNetPart];

/** A Python module that stands in for one of the chip's. */
export interface SupportModule {
  /** Its file in `src/python`, without `.py`. */
  readonly file: string;
  /** The name under which programs import it, where the file cannot have it; undefined: programs do not see it. */
  readonly name: string | undefined;
}

/** Modules in the order in which they are loaded; `_host` and `_board` are gone when programs start. */
export const supportModules: readonly SupportModule[] = [
  { file: "_board", name: undefined },
  { file: "_builtins", name: undefined },
  { file: "time", name: "time" },
  { file: "_sys", name: "sys" },
  { file: "_micropython", name: "micropython" },
  { file: "_vfs", name: "vfs" },
  { file: "os", name: "os" },
  { file: "binascii", name: "binascii" },
  { file: "hashlib", name: "hashlib" },
  { file: "machine", name: "machine" },
  { file: "esp32", name: "esp32" },
  { file: "network", name: "network" },
  { file: "socket", name: "socket" },
  { file: "select", name: "select" },
  { file: "_tls", name: "tls" },
  { file: "_ssl", name: "ssl" },
  { file: "asyncio", name: "asyncio" },
];
