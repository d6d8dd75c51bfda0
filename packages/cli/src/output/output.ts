import type { EspxEvent } from "../events.ts";

/** Where a verb's events go. */
export interface Output {
  /** True when events go out as NDJSON. */
  readonly json: boolean;
  emit(event: EspxEvent): void;
  /** Bytes of a device's console, straight to stdout; only `repl` uses it. */
  raw(bytes: Uint8Array): void;
  /** Takes a progress bar off the terminal, before a question or the end. */
  settle(): void;
}

/** Two sinks of text: results and the rest. */
export interface Sinks {
  stdout(text: string | Uint8Array): void;
  stderr(text: string | Uint8Array): void;
}

/** What decides how a person sees things. */
export interface Look {
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
  /** True when bars may be drawn on stderr. */
  readonly bars: boolean;
  readonly width: number;
}
