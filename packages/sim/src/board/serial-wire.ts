import type { Clock, SimSerialOptions } from "@espx/proto";
import { heardAs } from "./baud-mismatch.ts";
import type { LineFaults } from "./line-faults.ts";
import { PacedLine } from "./paced-line.ts";

/** Ways into a board. */
export type SerialPortKind = NonNullable<SimSerialOptions["port"]>;

/** What a UART and its bridge are set to after a reset. */
export const startBaudRate = 115_200;

/**
 * The time that a line without a pace waits for a board that does not read: as long as a line at 115200 baud takes to fill the ring,
 * in real time more, since the machine may stall.
 */
const unpacedPatienceMs = { virtual: 25, real: 500 } as const;

/** Bytes on their way to a UART may wait so long that a writer is held up. */
const heldUpBytes = 1024;

/** Bytes on the way over USB that the board has not taken. */
const usbWindowBytes = 512;

/** Where the two ends of a line lead. */
export interface WireEnds {
  readonly clock: Clock;
  readonly mode: "real" | "virtual";
  readonly faults: LineFaults;
  /** What the chip's UART is set to; undefined: it takes any rate. */
  deviceBaud(): number | undefined;
  toBoard(bytes: Uint8Array, patienceMs: number): void;
  toHost(bytes: Uint8Array): void;
}

/** One way between a client and a board, in both directions. */
export interface Wire {
  /** Whether bytes take their time, and a program that prints waits for them. */
  readonly paced: boolean;
  /** Bits a second beyond which the line does not go. */
  readonly maxBaudRate: number;
  fromHost(bytes: Uint8Array): Promise<void>;
  fromBoard(bytes: Uint8Array): void;
  drained(): Promise<void>;
  setBaud(baudRate: number): void;
  /** The board took so many bytes. */
  taken(bytes: number): void;
  /** The board has no power, or starts anew. */
  restarted(): void;
  close(): void;
}

/** The line between a UART and a bridge: bytes take their time, are lost in a full ring, and mean nothing at another rate. */
export class UartWire implements Wire {
  readonly paced: boolean;
  readonly maxBaudRate: number;
  readonly #ends: WireEnds;
  readonly #in: PacedLine;
  readonly #out: PacedLine;
  #hostBaud: number;

  readonly #isRateless: boolean;

  constructor(ends: WireEnds, { baudRate, maxBaudRate = Infinity, rateless = false }: SimSerialOptions) {
    this.#ends = ends;
    this.maxBaudRate = maxBaudRate;
    this.#isRateless = rateless;
    this.paced = baudRate !== undefined;
    this.#hostBaud = baudRate ?? startBaudRate;
    const patienceMs = this.paced ? 0 : unpacedPatienceMs[ends.mode];
    this.#in = new PacedLine(ends.clock, (bytes) => ends.toBoard(ends.faults.pass(this.#atBoard(bytes)), patienceMs));
    this.#out = new PacedLine(ends.clock, (bytes) => ends.toHost(bytes));
    this.setBaud(this.#hostBaud);
  }

  async fromHost(bytes: Uint8Array): Promise<void> {
    this.#in.send(bytes);
    if (this.#in.waitingBytes > heldUpBytes) await this.#in.drained();
  }

  fromBoard(bytes: Uint8Array): void {
    const deviceBaud = this.#deviceBaud();
    if (this.paced) this.#out.baudRate = Math.min(deviceBaud, this.maxBaudRate);
    this.#out.send(this.#ends.faults.pass(heardAs(bytes, deviceBaud, this.#hostBaud)));
  }

  drained(): Promise<void> {
    return this.#in.drained();
  }

  setBaud(baudRate: number): void {
    this.#hostBaud = baudRate;
    if (this.paced) this.#in.baudRate = Math.min(baudRate, this.maxBaudRate);
  }

  taken(): void {}

  restarted(): void {}

  close(): void {
    this.#in.clear();
    this.#out.clear();
  }

  #atBoard(bytes: Uint8Array): Uint8Array {
    return heardAs(bytes, this.#hostBaud, this.#deviceBaud());
  }

  #deviceBaud(): number {
    return this.#isRateless ? this.#hostBaud : (this.#ends.deviceBaud() ?? this.#hostBaud);
  }
}

/** USB into the chip: any rate will do, and a board that does not read holds the sender up. */
export class UsbWire implements Wire {
  readonly paced = false;
  readonly maxBaudRate = Infinity;
  readonly #ends: WireEnds;
  #queue: { readonly bytes: Uint8Array; readonly sent: () => void }[] = [];
  #onTheWayBytes = 0;

  constructor(ends: WireEnds) {
    this.#ends = ends;
  }

  async fromHost(bytes: Uint8Array): Promise<void> {
    const passed = this.#ends.faults.pass(bytes);
    for (let at = 0; at < passed.length; at += usbWindowBytes) {
      const piece = passed.subarray(at, at + usbWindowBytes);
      await new Promise<void>((sent) => {
        this.#queue.push({ bytes: piece, sent });
        this.#send();
      });
    }
  }

  fromBoard(bytes: Uint8Array): void {
    this.#ends.toHost(this.#ends.faults.pass(bytes));
  }

  async drained(): Promise<void> {}

  setBaud(): void {}

  taken(bytes: number): void {
    this.#onTheWayBytes = Math.max(0, this.#onTheWayBytes - bytes);
    this.#send();
  }

  restarted(): void {
    this.#onTheWayBytes = 0;
    this.close();
  }

  close(): void {
    for (const { sent } of this.#queue.splice(0)) sent();
  }

  #send(): void {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      if (this.#onTheWayBytes > 0 && this.#onTheWayBytes + next.bytes.length > usbWindowBytes) return;
      this.#queue.shift();
      this.#onTheWayBytes += next.bytes.length;
      this.#ends.toBoard(next.bytes, Infinity);
      next.sent();
    }
  }
}
