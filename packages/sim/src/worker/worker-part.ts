import type { BoardFileSystem } from "../vm/file-system.ts";
import type { HostCalls, WorkerContext } from "./context.ts";

/** The worker half of one concern of a board: what it offers to Python. */
export interface WorkerPart {
  readonly calls?: HostCalls;
  /** The board's files; exactly one part has them. */
  readonly fileSystem?: BoardFileSystem;
}

/** Makes the worker half of a part, once per boot. */
export type MakeWorkerPart = (context: WorkerContext) => WorkerPart;
