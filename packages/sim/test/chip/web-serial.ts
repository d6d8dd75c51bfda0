import type { SerialLink } from "@espx/proto";

/** What esptool-js asks of a port of the Web Serial API, over a link. */
export class LinkSerialPort {
  readonly #link: SerialLink;
  #signals = { dtr: false, rts: false };
  #stop: () => void = () => {};
  readable: ReadableStream<Uint8Array> | null = null;
  writable: WritableStream<Uint8Array> | null = null;
  /** Every baud rate that was asked for. */
  readonly baudRates: number[] = [];

  constructor(link: SerialLink) {
    this.#link = link;
  }

  getInfo(): { readonly usbVendorId: number; readonly usbProductId: number } {
    return { usbVendorId: 0x10c4, usbProductId: 0xea60 };
  }

  async open({ baudRate }: { readonly baudRate: number }): Promise<void> {
    this.baudRates.push(baudRate);
    this.readable = new ReadableStream({
      start: (controller) => {
        this.#stop = this.#link.listen({ chunk: (bytes) => controller.enqueue(bytes), closed: () => {} });
      },
    });
    this.writable = new WritableStream({ write: (bytes: Uint8Array) => this.#link.write(bytes) });
  }

  async close(): Promise<void> {
    this.#stop();
    this.readable = this.writable = null;
  }

  async setSignals(wanted: { readonly dataTerminalReady?: boolean; readonly requestToSend?: boolean }): Promise<void> {
    const { dataTerminalReady: dtr = this.#signals.dtr, requestToSend: rts = this.#signals.rts } = wanted;
    this.#signals = { dtr, rts };
    await this.#link.setSignals(this.#signals);
  }

  async setBaudRate(baudRate: number): Promise<void> {
    this.baudRates.push(baudRate);
    await this.#link.setBaud(baudRate);
  }
}
