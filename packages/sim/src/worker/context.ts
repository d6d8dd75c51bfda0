/** What a blocking wait ended with. */
export type WaitResult<T> = { readonly value: T } | "timeout" | "interrupted";

/**
 * What the parts of a board share inside its worker: memory, time, and the one place where it waits.
 *
 * The worker never returns to its event loop while Python runs; everything here is synchronous.
 */
export interface WorkerContext {
  /** The interpreter's linear memory; ask each time, a growing memory moves. */
  memory(): Uint8Array;
  /** Board time in ms since the world began, real or virtual. */
  now(): number;
  /**
   * Blocks until `condition` answers something other than undefined, `timeoutMs` passed (Infinity: never), or Ctrl-C.
   * Every wait of every part goes through here: virtual time and Ctrl-C hook in at this one place.
   */
  until<T>(condition: () => T | undefined, timeoutMs: number): WaitResult<T>;
  /** Runs `callback` inside the first wait at or after `dueMs`; the returned function calls it off. */
  at(dueMs: number, callback: () => void): () => void;
  /** Sends to the host half of the board. */
  post(message: { readonly type: string }, transfer?: readonly ArrayBuffer[]): void;
  /** Handles one type of message from the host; runs inside a wait. */
  on(type: string, handler: (message: never) => void): void;
}

/** A function Python may call: plain data in, plain data out; a negative number is `-errno`. */
export type HostCall = (...args: never[]) => number | string | undefined;

/** The functions one part offers to Python, by name. Names are unique over all parts. */
export type HostCalls = Readonly<Record<string, HostCall>>;
