import { LinkListeners, type LinkListener, type LinkTraits, type SerialLink, type Signals } from "@espx/proto";

/** Where the host end of a board's serial line leads. */
export interface SerialWire {
  write(bytes: Uint8Array): void;
  setSignals(signals: Signals): void;
  /** The link is gone. */
  closed(): void;
  /** The link is to be there again. @throws BusyError `port/busy` */
  opened(): void;
}

/** Room in the chip's input ring, less a few bytes for what is on the way. */
const safeCreditBytes = 256;

/** An in-process serial link to a virtual board. */
export class BoardSerialLink implements SerialLink {
  readonly url: string;
  readonly traits: LinkTraits = { kind: "sim", safeCreditBytes, resetsOnOpen: false };
  readonly #wire: SerialWire;
  #listeners: LinkListeners;

  constructor(url: string, wire: SerialWire) {
    this.url = url;
    this.#wire = wire;
    this.#listeners = new LinkListeners(url);
  }

  listen(listener: LinkListener): () => void {
    return this.#listeners.listen(listener);
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#listeners.assertOpen();
    this.#wire.write(bytes.slice());
  }

  async drain(): Promise<void> {
    this.#listeners.assertOpen();
  }

  async setSignals(signals: Signals): Promise<boolean> {
    this.#listeners.assertOpen();
    this.#wire.setSignals(signals);
    return true;
  }

  /** Any baud rate will do: the line has none. */
  async setBaud(_baudRate: number): Promise<void> {
    this.#listeners.assertOpen();
  }

  async reopen(): Promise<void> {
    this.#end();
    this.#wire.opened();
    this.#listeners = new LinkListeners(this.url);
  }

  async close(): Promise<void> {
    this.#end();
  }

  /** Bytes from the board. */
  deliver(bytes: Uint8Array): void {
    this.#listeners.chunk(bytes);
  }

  /** The line is gone. */
  lose(error: Error): void {
    this.#end(error);
  }

  #end(error?: Error): void {
    if (!this.#listeners.open) return;
    this.#listeners.close(error);
    this.#wire.closed();
  }
}
