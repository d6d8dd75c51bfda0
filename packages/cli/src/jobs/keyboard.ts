import type { Terminal } from "../context.ts";

/** Ctrl-]. */
const LEAVE = 0x1d;

/** Takes what is typed; rejects when it could not be sent. */
type Taker = (typed: Uint8Array) => Promise<void>;

/** A person's keys, for whoever takes them at the moment. */
export interface Keyboard {
  /** Aborts when the person leaves: at Ctrl-], or when the input has ended. */
  readonly left: AbortSignal;
  /** What is typed while nobody takes it is lost. */
  give(taker: Taker | undefined): void;
  /** Whether the input has ended, so that what was read of it is still to be sent. */
  hasEnded(): boolean;
  /** Lets the terminal be as it was. */
  end(): void;
}

/** Takes the keys off a terminal one by one; input that is no terminal is read as it is. */
export function takeKeys({ input }: Terminal): Keyboard {
  const left = new AbortController();
  let taker: Taker | undefined;
  let ended = false;
  const typed = (chunk: Buffer): void => {
    const at = chunk.indexOf(LEAVE);
    const keys = at === -1 ? chunk : chunk.subarray(0, at);
    // A link that cannot be written to is lost, and says so to who listens.
    if (keys.length > 0) taker?.(new Uint8Array(keys)).catch(() => undefined);
    if (at !== -1) left.abort();
  };
  const raw = input.isTTY;
  if (raw) input.setRawMode(true);
  input.on("data", typed);
  input.once("end", () => {
    ended = true;
    left.abort();
  });
  input.resume();
  return {
    left: left.signal,
    give: (next) => (taker = next),
    hasEnded: () => ended,
    end() {
      if (raw) input.setRawMode(false);
      input.pause();
      input.removeListener("data", typed);
    },
  };
}
