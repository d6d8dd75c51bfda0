import { BusyError, LinkError, type SerialLink, type SimFault } from "@espx/proto";
import type { HostPart, PartChannel } from "./host-part.ts";
import { ResetCircuit } from "./reset-circuit.ts";
import { BoardSerialLink } from "./serial-link.ts";

type SerialBehaviour = Extract<SimFault, { readonly kind: "serial" }>["behaviour"];

/** What the serial port of a board needs from the board. */
export interface SerialOwner {
  readonly name: string;
  sendSerial(bytes: Uint8Array): void;
  /** EN pulled low, or let go. */
  holdReset(held: boolean): void;
}

/** Noise turns every byte into another one, the same each time. */
const noise = 0x55;

/** The serial port of a board: at most one client, whose bytes the faults of the line may spoil. */
export class SerialHost implements HostPart {
  readonly name = "serial";
  readonly #owner: SerialOwner;
  readonly #resetCircuit: ResetCircuit;
  #behaviour: SerialBehaviour = "normal";
  #link: BoardSerialLink | undefined;

  constructor(owner: SerialOwner) {
    this.#owner = owner;
    this.#resetCircuit = new ResetCircuit((held) => owner.holdReset(held));
  }

  connect(channel: PartChannel): void {
    channel.on("serial-out", ({ bytes }: { readonly bytes: Uint8Array }, atMs) => {
      channel.emit({ kind: "console", bytes }, atMs);
      this.deliver(bytes);
    });
  }

  /** Whether the client's modem lines hold the boot pin low. */
  get isBootLow(): boolean {
    return this.#resetCircuit.isBootLow;
  }

  /** Sends to the client what the chip says. */
  deliver(bytes: Uint8Array): void {
    const seen = this.#spoil(bytes);
    if (seen !== undefined) this.#link?.deliver(seen);
  }

  /** @throws BusyError `port/busy` */
  open(): SerialLink {
    this.#assertFree();
    const link = new BoardSerialLink(`sim:${this.#owner.name}`, {
      write: (bytes) => this.#send(bytes),
      setSignals: (signals) => this.#resetCircuit.set(signals),
      closed: () => (this.#link = undefined),
      opened: () => {
        this.#assertFree();
        this.#link = link;
      },
    });
    this.#link = link;
    return link;
  }

  fault(fault: SimFault): boolean {
    if (fault.kind !== "serial") return false;
    this.#behaviour = fault.behaviour;
    if (fault.behaviour === "lost") {
      this.#link?.lose(new LinkError("link/lost", `sim:${this.#owner.name} was unplugged`));
    }
    return true;
  }

  #assertFree(): void {
    if (this.#link === undefined) return;
    throw new BusyError("port/busy", `the serial port of sim:${this.#owner.name} is in use by this process`, {
      hint: "Close the link that has it first.",
    });
  }

  #send(bytes: Uint8Array): void {
    const seen = this.#spoil(bytes);
    if (seen !== undefined) this.#owner.sendSerial(seen);
  }

  #spoil(bytes: Uint8Array): Uint8Array | undefined {
    if (this.#behaviour === "normal") return bytes;
    return this.#behaviour === "garbage" ? bytes.map((byte) => byte ^ noise) : undefined;
  }
}
