/** Time as the code above sees it: real in a tool, virtual in a test. */
export interface Clock {
  /** Milliseconds since an arbitrary start; never steps back. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason when that aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** SHA-256 as a capability: 32 bytes of digest. */
export type Sha256 = (bytes: Uint8Array) => Promise<Uint8Array> | Uint8Array;

/** The two modem lines a board's reset circuit hangs on; always set together. */
export interface Signals {
  readonly dtr: boolean;
  readonly rts: boolean;
}

/** What a link is, as far as the code that drives it must know. */
export interface LinkTraits {
  readonly kind: "uart" | "usb-jtag" | "cdc" | "net" | "sim";
  /** Bytes that may be unacknowledged at the device without being lost. */
  readonly safeCreditBytes: number;
  /** Whether opening the port resets the board. */
  readonly resetsOnOpen: boolean;
}

/** Receives what a link delivers. */
export interface LinkListener {
  chunk(bytes: Uint8Array): void;
  /** Called once when the link is gone; `error` is a LinkError, or undefined after `close()`. */
  closed(error?: Error): void;
}

/**
 * One open serial connection to a board, whatever carries it.
 *
 * @throws LinkError `link/lost` from every call after the link is gone
 */
export interface SerialLink {
  readonly url: string;
  readonly traits: LinkTraits;
  /** Delivers chunks to `listener` until the returned function is called. Chunks that nobody listens to are dropped. */
  listen(listener: LinkListener): () => void;
  /** Accepts `bytes`; resolves when they may be followed by more. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves when everything written has left the host. */
  drain(): Promise<void>;
  /** Sets both lines at once; answers whether the link could. */
  setSignals(signals: Signals): Promise<boolean>;
  setBaud(baudRate: number): Promise<void>;
  /** Closes and opens again, finding the same board under a new name where the link knows how. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

/** A port as a list shows it; listing never opens a port. */
export interface PortInfo {
  readonly url: string;
  readonly description: string;
  readonly vendorId?: number;
  readonly productId?: number;
  readonly serialNumber?: string;
  /** True when the adapter is one that ESP32 boards carry. */
  readonly known: boolean;
}

/** A way to reach boards: one per URL scheme. */
export interface PortProvider {
  /** `file` for plain paths and `COM3`; else the part before `:`. */
  readonly scheme: string;
  list(): Promise<readonly PortInfo[]>;
  /**
   * @throws NotFoundError `port/not-found`
   * @throws BusyError `port/busy`, naming the holder
   * @throws PermissionError `port/permission`
   */
  open(url: string, options?: { readonly baudRate?: number; readonly signal?: AbortSignal }): Promise<SerialLink>;
}
