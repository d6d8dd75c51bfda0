import { LinkListeners, type LinkListener, type LinkTraits, type SerialLink, type Signals } from "@espx/proto";
import type { SerialPortKind, Wire } from "./serial-wire.ts";

/** The board behind a link. */
interface LinkedBoard {
  setSignals(signals: Signals): void;
  /** The link is gone. */
  closed(): void;
  /** The link is to be there again. @throws BusyError `port/busy` */
  opened(): void;
}

/** What a link is of. */
interface LinkPlace {
  readonly name: string;
  readonly port: SerialPortKind;
  readonly wire: Wire;
}

const traitsOfPort: Readonly<Record<SerialPortKind, LinkTraits>> = {
  // Room in the chip's input ring, less a few bytes for what is on the way.
  uart: { kind: "sim", safeCreditBytes: 256, resetsOnOpen: false },
  usb: { kind: "usb-jtag", safeCreditBytes: 4096, resetsOnOpen: false },
};

/** An in-process serial link to a virtual board. */
export class BoardSerialLink implements SerialLink {
  readonly url: string;
  readonly traits: LinkTraits;
  readonly #wire: Wire;
  readonly #board: LinkedBoard;
  #listeners: LinkListeners;

  constructor({ name, port, wire }: LinkPlace, board: LinkedBoard) {
    this.url = port === "usb" ? `sim:${name}/usb` : `sim:${name}`;
    this.traits = traitsOfPort[port];
    this.#wire = wire;
    this.#board = board;
    this.#listeners = new LinkListeners(this.url);
  }

  listen(listener: LinkListener): () => void {
    return this.#listeners.listen(listener);
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#listeners.assertOpen();
    await this.#wire.fromHost(bytes.slice());
  }

  async drain(): Promise<void> {
    this.#listeners.assertOpen();
    await this.#wire.drained();
  }

  async setSignals(signals: Signals): Promise<boolean> {
    this.#listeners.assertOpen();
    this.#board.setSignals(signals);
    return true;
  }

  async setBaud(baudRate: number): Promise<void> {
    this.#listeners.assertOpen();
    this.#wire.setBaud(baudRate);
  }

  async reopen(): Promise<void> {
    this.#end();
    this.#board.opened();
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
    this.#board.closed();
  }
}
