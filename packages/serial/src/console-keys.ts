/** What to do with the bytes a person typed. */
export interface TypedKeys {
  /** To be sent to the board. */
  readonly send: Uint8Array;
  /** Whether Ctrl-] was among them: the console ends, and what follows is dropped. */
  readonly leave: boolean;
}

/** Ctrl-], which no program on a board needs. */
const LEAVE = 0x1d;

/** Splits typed bytes at Ctrl-]; everything else goes to the board as it is, Ctrl-C included. */
export function splitTypedKeys(typed: Uint8Array): TypedKeys {
  const at = typed.indexOf(LEAVE);
  return at < 0 ? { send: typed, leave: false } : { send: typed.subarray(0, at), leave: true };
}
