import type { Sha256 } from "@espx/proto";
import type { Entered, EnterOptions } from "./raw-enter.ts";
import type { Deflate } from "./stream/frame-packer.ts";
import type { LineReport } from "./stream/step-stream.ts";

export interface SerialTransportOptions extends Pick<EnterOptions, "timeoutMs" | "mayReset"> {
  /** Gets the lines that the board prints while {@link SerialTransport.watch} waits. */
  readonly onConsole?: (line: string) => void;
  /** Told once when the raw REPL was entered: whether a program was stopped, and how. */
  readonly onEntered?: (entered: Entered) => void;
  /** Makes what is sent smaller, where the board can inflate. */
  readonly deflate?: Deflate;
  /** Lets a file that was begun by an interrupted deploy go on where it stopped. */
  readonly sha256?: Sha256;
  /** Asked before much is sent: rates to try for it, best first. Never on native USB, which has no rate. */
  readonly rates?: () => Promise<readonly number[]>;
  /** Told how the line did after each stream. */
  readonly onLine?: (line: LineReport) => void;
}
