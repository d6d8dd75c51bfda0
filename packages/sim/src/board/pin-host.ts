import { UsageError } from "@espx/proto";
import { nothingConnected } from "../worker/machine/pin-calls.ts";
import type { HostPart, PartChannel } from "./host-part.ts";

const pinCount = 40;

/** The pins of a board seen from outside: what drives them, and what they show. */
export class PinHost implements HostPart {
  readonly name = "pins";
  readonly #outside = new Uint8Array(new SharedArrayBuffer(pinCount)).fill(nothingConnected);
  /** What was set from outside, also while the program has not seen it yet. */
  readonly #driven = new Uint8Array(pinCount).fill(nothingConnected);
  readonly #levels = new Uint8Array(pinCount);
  #channel: PartChannel | undefined;

  setup(): SharedArrayBuffer {
    return this.#outside.buffer as SharedArrayBuffer;
  }

  connect(channel: PartChannel): void {
    this.#channel = channel;
    channel.on("pin", ({ pin, value }: { readonly pin: number; readonly value: 0 | 1 }, atMs) => {
      this.#levels[pin] = value;
      channel.emit({ kind: "pin", pin, value }, atMs);
    });
  }

  /** A chip without a program drives nothing. */
  disconnect(): void {
    this.#channel = undefined;
    this.#outside.set(this.#driven);
    for (let pin = 0; pin < pinCount; pin++) this.#levels[pin] = this.#outside[pin] === 1 ? 1 : 0;
  }

  /** @throws UsageError `sim/bad-pin` */
  set(pin: number, value: 0 | 1): void {
    assertPin(pin);
    this.#driven[pin] = value;
    if (this.#channel !== undefined) {
      this.#channel.post({ type: "pin-outside", pin, value });
      return;
    }
    this.#outside[pin] = value;
    this.#levels[pin] = value;
  }

  /** The level that something outside drives a pin to; undefined when nothing does. */
  driven(pin: number): 0 | 1 | undefined {
    const level = this.#driven[pin];
    return level === 0 || level === 1 ? level : undefined;
  }

  /** Whether something outside of the board drives the pin low. */
  isHeldLow(pin: number): boolean {
    return this.#driven[pin] === 0;
  }

  /** @throws UsageError `sim/bad-pin` */
  get(pin: number): 0 | 1 {
    assertPin(pin);
    return this.#levels[pin] === 1 ? 1 : 0;
  }
}

function assertPin(pin: number): void {
  if (Number.isInteger(pin) && pin >= 0 && pin < pinCount) return;
  throw new UsageError("sim/bad-pin", `pin ${pin} does not exist, expected 0 to ${pinCount - 1}`);
}
