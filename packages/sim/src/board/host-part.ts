import type { SimEvent, SimFault } from "@espx/proto";
import type { PartMessage } from "../worker/context.ts";

/** What the host half of a part may use while its board has power. */
export interface PartChannel {
  /** Sends to the worker half; in virtual mode it arrives when the board next waits for the host. */
  post<M extends PartMessage>(message: M, transfer?: readonly ArrayBuffer[]): void;
  /** Virtual mode: sends what the worker half is to see at `atMs`, which is not before now. */
  postAt<M extends PartMessage>(message: M, atMs: number): void;
  /** Handles one type of message from the worker; `atMs` is the board's clock when it was sent. */
  on(type: string, handler: (message: never, atMs: number) => void): void;
  /** Tells the listeners of the board. */
  emit(event: SimEventBody, atMs?: number): void;
}

/** An event without its time stamp. */
export type SimEventBody = SimEvent extends infer E ? (E extends SimEvent ? Omit<E, "atMs"> : never) : never;

/**
 * The host half of one concern of a board; lives as long as the board, over all its boots.
 *
 * The worker half finds what `setup()` returned under the same name.
 */
export interface HostPart {
  readonly name: string;
  /** Plain data for the worker half; asked at each start. May hold SharedArrayBuffers. */
  setup?(): unknown;
  /** The board has power: messages flow until `disconnect`. */
  connect?(channel: PartChannel): void;
  /** The power went at `atMs`, or the chip restarts: drop connections. */
  disconnect?(atMs: number): void;
  /** Takes a fault that concerns this part; false when it does not. */
  fault?(fault: SimFault): boolean;
}
