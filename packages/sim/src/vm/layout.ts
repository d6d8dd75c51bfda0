/** Addresses in the interpreter's memory that the host reads or writes; all are 32-bit words but where said. */
export interface InterpreterLayout {
  /** Bytes of C stack that may be used before Python raises RecursionError. */
  readonly stackLimit: number;
  /** The exception that the interpreter raises at its next check. */
  readonly pendingException: number;
  /** The KeyboardInterrupt object itself. */
  readonly keyboardException: number;
  readonly keyboardTraceback: number;
  /** 16 bits; 0 makes the interpreter look at what is pending. */
  readonly schedulerState: number;
  /** Bytes allocated between collections; -1 collects only when the heap is full, as ESP32 does. */
  readonly gcThreshold: number;
}
