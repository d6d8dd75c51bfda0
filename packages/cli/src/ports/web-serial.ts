import {
  LinkError,
  type LinkListener,
  LinkListeners,
  type LinkTraits,
  type SerialLink,
  type Signals,
} from "@espx/proto";
import { linkTraits } from "./known-adapters.ts";

/** Where a board may have gone when its USB device was reset: how long to look, and how often. */
const reopenTimeoutMs = 10_000;
const reopenPauseMs = 100;

/** The part of Web Serial's `SerialPort` that is used. @source WICG Web Serial API, 4 */
export interface WebSerialPort {
  readonly readable: ReadableStream<Uint8Array> | null;
  readonly writable: WritableStream<Uint8Array> | null;
  getInfo(): { readonly usbVendorId?: number; readonly usbProductId?: number };
  open(options: { readonly baudRate: number; readonly bufferSize?: number }): Promise<void>;
  close(): Promise<void>;
  setSignals(signals: { readonly dataTerminalReady: boolean; readonly requestToSend: boolean }): Promise<void>;
}

/** The part of `navigator.serial` that is used: the ports which the page was allowed. */
export interface WebSerial {
  getPorts(): Promise<readonly WebSerialPort[]>;
}

export interface WebSerialOptions {
  readonly baudRate?: number;
  /** Finds a board again that comes back as another port after a reset; `navigator.serial`. */
  readonly serial?: WebSerial;
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/**
 * A port of the browser as a {@link SerialLink}.
 *
 * Web Serial changes a rate only by closing the port and opening it again: bytes that arrive in between are lost, and the modem
 * lines are set as they were as soon as it is open.
 */
export class WebSerialLink implements SerialLink {
  readonly url: string;
  readonly traits: LinkTraits;
  readonly #serial: WebSerial | undefined;
  readonly #listeners: LinkListeners;
  #port: WebSerialPort;
  #baudRate: number;
  #signals: Signals;
  #reader: Reader | undefined;
  #reading: Promise<void> = Promise.resolve();
  #writing: Promise<void> = Promise.resolve();

  private constructor(port: WebSerialPort, { baudRate = 115_200, serial }: WebSerialOptions) {
    const { usbVendorId, usbProductId } = port.getInfo();
    this.url = `webserial:${hex(usbVendorId)}:${hex(usbProductId)}`;
    this.traits = linkTraits(usbVendorId, usbProductId);
    this.#port = port;
    this.#serial = serial;
    this.#baudRate = baudRate;
    this.#listeners = new LinkListeners(this.url);
    // On native USB, DTR says that somebody is there: without it the chip keeps its output. On a bridge it pulls boot.
    this.#signals = { dtr: this.traits.kind !== "uart", rts: false };
  }

  /**
   * Opens a port that the person chose, and puts its modem lines where no board minds them.
   *
   * @throws LinkError `port/unreachable` when the browser does not open it
   */
  static async open(port: WebSerialPort, options: WebSerialOptions = {}): Promise<WebSerialLink> {
    const link = new WebSerialLink(port, options);
    await link.#open();
    return link;
  }

  listen(listener: LinkListener): () => void {
    return this.#listeners.listen(listener);
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#listeners.assertOpen();
    this.#writing = this.#writing.then(() => this.#put(bytes.slice()));
    await this.#writing;
    this.#listeners.assertOpen();
  }

  async drain(): Promise<void> {
    this.#listeners.assertOpen();
    await this.#writing;
  }

  async setSignals(signals: Signals): Promise<boolean> {
    this.#listeners.assertOpen();
    try {
      await this.#port.setSignals({ dataTerminalReady: signals.dtr, requestToSend: signals.rts });
      this.#signals = signals;
      return true;
    } catch {
      return false;
    }
  }

  async setBaud(baudRate: number): Promise<void> {
    await this.drain();
    if (baudRate === this.#baudRate) return;
    await this.#shut();
    this.#baudRate = baudRate;
    await this.#open();
  }

  async reopen(): Promise<void> {
    this.#listeners.assertOpen();
    await this.#shut();
    const endMs = performance.now() + reopenTimeoutMs;
    for (;;) {
      try {
        this.#port = await this.#findAgain();
        return await this.#open();
      } catch (error) {
        if (performance.now() > endMs) {
          this.#listeners.close(error as Error);
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, reopenPauseMs));
      }
    }
  }

  async close(): Promise<void> {
    if (!this.#listeners.open) return;
    this.#listeners.close();
    await this.#shut();
  }

  async #open(): Promise<void> {
    try {
      await this.#port.open({ baudRate: this.#baudRate, bufferSize: 65_536 });
    } catch (cause) {
      throw new LinkError("port/unreachable", `the browser does not open ${this.url}: ${(cause as Error).message}`, {
        hint: "is it still plugged in, and does no other page or program have it?",
        cause,
      });
    }
    await this.setSignals(this.#signals);
    this.#reading = this.#read(this.#port);
  }

  /** Ends reading and closes the port; nobody is told. */
  async #shut(): Promise<void> {
    const reader = this.#reader;
    this.#reader = undefined;
    await reader?.cancel().catch(() => {});
    await this.#reading;
    await this.#port.close().catch(() => {});
  }

  /** A framing error ends the stream, not the port, which then has a new one. */
  async #read(port: WebSerialPort): Promise<void> {
    let failure: unknown;
    for (let first = true; first || this.#reader !== undefined; first = false) {
      if (port.readable === null) return this.#lost(failure);
      const reader = port.readable.getReader();
      this.#reader = reader;
      try {
        for (;;) {
          const { value, done } = await reader.read();
          if (done || this.#reader !== reader) break;
          this.#listeners.chunk(value);
        }
      } catch (error) {
        failure = error;
      }
      reader.releaseLock();
    }
  }

  async #put(bytes: Uint8Array): Promise<void> {
    const writer = this.#port.writable?.getWriter();
    try {
      await writer?.write(bytes);
    } catch (error) {
      this.#lost(error);
    } finally {
      writer?.releaseLock();
    }
  }

  /** A board that was reset may come back as another port with the same numbers. */
  async #findAgain(): Promise<WebSerialPort> {
    const wanted = this.#port.getInfo();
    const ports = (await this.#serial?.getPorts()) ?? [];
    if (ports.includes(this.#port)) return this.#port;
    const same = ports.find((port) => {
      const { usbVendorId, usbProductId } = port.getInfo();
      return usbVendorId === wanted.usbVendorId && usbProductId === wanted.usbProductId;
    });
    return same ?? this.#port;
  }

  #lost(cause: unknown): void {
    const why = cause instanceof Error ? cause.message : "the port was closed";
    this.#listeners.close(
      new LinkError("link/lost", `${this.url} was lost: ${why}`, { hint: "is it still plugged in?", cause }),
    );
  }
}

function hex(id: number | undefined): string {
  return (id ?? 0).toString(16).padStart(4, "0");
}
