import { BusyError, type Clock, LinkError, type SerialLink, type SimFault, type SimSerialOptions } from "@espx/proto";
import type { HostPart, PartChannel } from "./host-part.ts";
import { LineFaults } from "./line-faults.ts";
import { ResetCircuit } from "./reset-circuit.ts";
import { BoardSerialLink } from "./serial-link.ts";
import { UsbControl } from "./usb-control.ts";
import { type SerialPortKind, startBaudRate, UartWire, UsbWire, type Wire, type WireEnds } from "./serial-wire.ts";

/** What the serial ports of a board need from the board. */
export interface SerialOwner {
  readonly name: string;
  readonly clock: Clock;
  readonly mode: "real" | "virtual";
  /** `patienceMs` is how long the line waits for a board that does not read; see `Arrival` of the console. */
  sendSerial(bytes: Uint8Array, patienceMs: number): void;
  /** Rate of the line, given the one that the running program set; undefined follows the host's. */
  lineBaud(consoleBaud: number | undefined): number | undefined;
  /** EN pulled low, or let go. */
  holdReset(held: boolean): void;
  /** The chip's own USB resets its digital core. */
  resetCore(toDownload: boolean): void;
}

/** A client, and the line to it. */
interface Connection {
  readonly link: BoardSerialLink;
  readonly wire: Wire;
}

/**
 * The console of a board from outside: its UART and its own USB, each with at most one client. What the board prints goes to both, and
 * both fill one input ring.
 */
export class SerialHost implements HostPart {
  readonly name = "serial";
  readonly #owner: SerialOwner;
  readonly #resetCircuit: ResetCircuit;
  readonly #usbControl: UsbControl;
  readonly #faults = new LineFaults();
  readonly #connections = new Map<SerialPortKind, Connection>();
  #channel: PartChannel | undefined;
  #lostBytes = 0;
  /** What the chip's UART is set to; undefined: it takes any rate, as the ROM does that measures it. */
  deviceBaud: number | undefined = startBaudRate;

  constructor(owner: SerialOwner) {
    this.#owner = owner;
    this.#resetCircuit = new ResetCircuit((held) => owner.holdReset(held));
    this.#usbControl = new UsbControl((toDownload) => owner.resetCore(toDownload));
  }

  /** Bytes that found the input ring full since the board was made. */
  get lostBytes(): number {
    return this.#lostBytes;
  }

  setup(): SerialSetup {
    return { paceBaud: this.#paceBaud, heard: this.#heard };
  }

  connect(channel: PartChannel): void {
    this.#channel = channel;
    channel.on("serial-out", ({ bytes }: { readonly bytes: Uint8Array }, atMs) => {
      channel.emit({ kind: "console", bytes }, atMs);
      this.deliver(bytes);
    });
    channel.on("serial-counts", ({ taken, lost }: { readonly taken: number; readonly lost: number }) => {
      this.#lostBytes += lost;
      this.taken(taken + lost);
    });
    channel.on("serial-baud", ({ baudRate }: { readonly baudRate: number }) => this.#setDeviceBaud(baudRate));
  }

  disconnect(): void {
    this.#channel = undefined;
    for (const { wire } of this.#connections.values()) wire.restarted();
  }

  /** The chip stopped, which a soft reset does not: its UART forgets how it was set. */
  chipStopped(): void {
    this.deviceBaud = startBaudRate;
  }

  /** Whether the client's modem lines hold the boot pin low. */
  get isBootLow(): boolean {
    return this.#resetCircuit.isBootLow;
  }

  /** The board took so many bytes. */
  taken(bytes: number): void {
    for (const { wire } of this.#connections.values()) wire.taken(bytes);
  }

  /** The chip's own USB is gone from the bus, and its client's link with it. */
  leaveUsb(): void {
    const error = new LinkError("link/lost", `sim:${this.#owner.name}/usb left the bus: the chip was reset`);
    this.#usbControl.set({ dtr: false, rts: false });
    this.#connections.get("usb")?.link.lose(error);
  }

  /** Sends to the client what the chip says. */
  deliver(bytes: Uint8Array): void {
    for (const { wire } of this.#connections.values()) wire.fromBoard(bytes);
  }

  /** @throws BusyError `port/busy` */
  open(options: SimSerialOptions = {}): SerialLink {
    const { port = "uart" } = options;
    this.#assertFree(port);
    const ends: WireEnds = {
      clock: this.#owner.clock,
      mode: this.#owner.mode,
      faults: this.#faults,
      deviceBaud: () => this.#owner.lineBaud(this.deviceBaud),
      toBoard: (bytes, patienceMs) => this.#owner.sendSerial(bytes, patienceMs),
      toHost: (bytes) => link.deliver(bytes),
    };
    const wire = port === "usb" ? new UsbWire(ends) : new UartWire(ends, options);
    const link = new BoardSerialLink(
      { name: this.#owner.name, port, wire },
      {
        setSignals: (signals) => (port === "usb" ? this.#usbControl : this.#resetCircuit).set(signals),
        closed: () => this.#disjoin(port),
        opened: () => this.#join(port, { link, wire }),
      },
    );
    this.#join(port, { link, wire });
    return link;
  }

  fault(fault: SimFault): boolean {
    if (fault.kind !== "serial") return false;
    this.#faults.behaviour = fault.behaviour;
    if (fault.behaviour !== "lost") return true;
    const error = new LinkError("link/lost", `sim:${this.#owner.name} was unplugged`);
    for (const { link } of this.#connections.values()) link.lose(error);
    return true;
  }

  #join(port: SerialPortKind, connection: Connection): void {
    this.#assertFree(port);
    this.#connections.set(port, connection);
    this.#tellPace();
  }

  #disjoin(port: SerialPortKind): void {
    this.#connections.get(port)?.wire.close();
    this.#connections.delete(port);
    this.#tellPace();
  }

  #assertFree(port: SerialPortKind): void {
    if (!this.#connections.has(port)) return;
    throw new BusyError("port/busy", `the serial port of sim:${this.#owner.name} is in use by this process`, {
      hint: "Close the link that has it first.",
    });
  }

  #setDeviceBaud(baudRate: number): void {
    this.deviceBaud = baudRate;
    this.#tellPace();
  }

  #tellPace(): void {
    this.#channel?.post<PaceMessage>({ type: "serial-pace", baudRate: this.#paceBaud, heard: this.#heard });
  }

  get #heard(): boolean {
    return this.#connections.size > 0;
  }

  /** A program that prints waits for the line only while somebody sees the line's pace. */
  get #paceBaud(): number | undefined {
    const paced = [...this.#connections.values()].map(({ wire }) => wire).filter((wire) => wire.paced);
    if (paced.length === 0 || this.deviceBaud === undefined) return undefined;
    return Math.min(this.deviceBaud, ...paced.map((wire) => wire.maxBaudRate));
  }
}

/** Tells the worker what its output takes: bits a second; undefined: no time. */
export interface PaceMessage {
  readonly type: "serial-pace";
  readonly baudRate: number | undefined;
  /** Whether there is a client, who may answer what the board says. */
  readonly heard: boolean;
}

/** The same at the start of a boot. */
export interface SerialSetup {
  readonly paceBaud: number | undefined;
  readonly heard: boolean;
}
