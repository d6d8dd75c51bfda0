/** The clock of a board inside its worker. Times are µs since the world began. */
export interface BoardClock {
  nowUs(): number;
  /** The time as a program reads it, which costs it something. */
  readUs(): number;
  /** Blocks until `untilUs` (Infinity: never), or until the host woke the worker since `seen`; may return early. */
  wait(untilUs: number, seen: number): void;
}
