import type { HostToken } from "../vm/values.ts";

/** What a blocking wait ended with. */
export type WaitResult<T> = { readonly value: T } | "timeout" | "interrupted";

/**
 * What the parts of a board share inside its worker: memory, time, and the one place where it waits.
 *
 * The worker never returns to its event loop while Python runs; everything here is synchronous.
 */
export interface WorkerContext {
  /**
   * In virtual mode nothing may wait for an answer from the host unless `hostBy` says when it is due, since the moment
   * of its arrival would depend on the machine.
   */
  readonly mode: "real" | "virtual";
  /** The interpreter's linear memory; ask each time, a growing memory moves. */
  memory(): Uint8Array;
  /** Board time in ms since the world began, real or virtual. */
  now(): number;
  /**
   * Blocks until `condition` answers something other than undefined, `timeoutMs` passed (Infinity: never), or Ctrl-C.
   * Every wait of every part goes through here: virtual time and Ctrl-C hook in at this one place.
   */
  until<T>(condition: () => T | undefined, timeoutMs: number): WaitResult<T>;
  /** Lets time pass in which nothing of the board goes on, neither its timers nor its console: what C does without looking up. */
  standStill(ms: number): void;
  /** Runs `callback` inside the first wait at or after `dueMs`; the returned function calls it off. */
  at(dueMs: number, callback: () => void): () => void;
  /** Handles what the host has sent so far, without waiting. */
  poll(): void;
  /** Something was done: in virtual time, a loop of nothing else must let time pass in the end. */
  spend(): void;
  /** Sends to the host half of the board; stamped with the board's time, in order with everything else. */
  post<M extends PartMessage>(message: M, transfer?: readonly ArrayBuffer[]): void;
  /** Virtual mode: the host has to handle what was sent before any board passes `dueMs`. */
  hostBy(dueMs: number): void;
  /** Handles one type of message from the host; runs inside a wait. */
  on(type: string, handler: (message: never) => void): void;
  /** What the host half of the part called `name` returned from `setup()`. */
  setup<T>(name: string): T;
  /** Bytes that wait on the console to be read. */
  consoleBytes(): number;
  /** Random bytes: from the world's seed in virtual mode. */
  random(target: Uint8Array): void;
  /** Ends this boot: the host takes the power away while this call lasts. Never returns. */
  stop(stop: BoardStop): never;
}

/** A message between the two halves of a part; `type` is unique over all parts. */
export interface PartMessage {
  readonly type: string;
}

/** Why a worker asks for its own end. */
export type BoardStop =
  | { readonly kind: "reset" | "watchdog" | "cut" }
  | { readonly kind: "soft-reset"; readonly rawRepl: boolean }
  | {
      readonly kind: "deep-sleep";
      readonly wakeAfterMs: number | undefined;
      readonly wakeBy: readonly WakeSource[];
    };

/** Pins that wake a chip from deep sleep: any of them high, or all of them low. */
export interface WakeSource {
  /** What `machine.wake_reason()` answers: EXT0_WAKE or EXT1_WAKE. */
  readonly reason: 2 | 3;
  readonly pins: readonly number[];
  readonly high: boolean;
}

/** A function Python may call: plain data in, plain data or a token out; a negative number is `-errno`. */
type HostCall = (...args: never[]) => number | string | undefined | HostToken;

/** The functions one part offers to Python, by name. Names are unique over all parts. */
export type HostCalls = Readonly<Record<string, HostCall>>;
