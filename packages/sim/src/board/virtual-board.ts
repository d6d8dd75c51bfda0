import {
  type SerialLink,
  type SimBoard,
  type SimEvent,
  type SimFault,
  type SimSerialOptions,
  UsageError,
} from "@espx/proto";
import type { SimAssets } from "../assets.ts";
import type { ChipHost } from "../chip/chip-host.ts";
import { fileSystemBytes, makeChip, timingOf } from "../chip/make-chip.ts";
import { FlashHost } from "../flash/flash-host.ts";
import { BoardParts } from "./board-parts.ts";
import { BoardPower } from "./board-power.ts";
import type { BoardWorld } from "./boot-reason.ts";
import { defaultHeapBytes, macOfName, type VirtualBoardOptions } from "./board-options.ts";
import type { HostPart, SimEventBody } from "./host-part.ts";
import { PinHost } from "./pin-host.ts";
import { ProgramHost } from "./program-host.ts";
import { resolvePath } from "../vm/paths.ts";
import { RtcHost } from "./rtc-host.ts";
import { SerialHost } from "./serial-host.ts";

/** A virtual ESP32: real MicroPython in a worker, and the hardware around it. */
export class VirtualBoard implements SimBoard {
  readonly name: string;
  readonly mac: Uint8Array;
  readonly flash: FlashHost;
  /** The chip's flash as bytes, and what it starts from there. */
  readonly chip: ChipHost;
  readonly #world: BoardWorld;
  readonly #pins = new PinHost();
  readonly #serial: SerialHost;
  readonly #parts: BoardParts;
  readonly #power: BoardPower;
  readonly #listeners = new Set<(event: SimEvent) => void>();

  /** @param parts - what the world adds to each board: its network */
  constructor(options: VirtualBoardOptions, world: BoardWorld, assets: SimAssets, parts: readonly HostPart[]) {
    this.name = options.name;
    this.mac = options.mac ?? macOfName(options.name);
    this.#world = world;
    this.flash = new FlashHost({
      ...(options.files && { files: absolute(options.files) }),
      ...(options.fileSystem && { kind: options.fileSystem }),
      capacityBytes: fileSystemBytes(options),
      timing: timingOf(options),
      ...(options.stateFile !== undefined && { stateFile: options.stateFile }),
    });
    this.chip = makeChip(options, this.mac, this.flash);
    const rtc = new RtcHost(() => world.nowUs() / 1000);
    this.#serial = new SerialHost({
      name: this.name,
      clock: world.clock,
      mode: world.mode,
      sendSerial: (bytes, patienceMs) => this.#power.sendSerial(bytes, patienceMs),
      lineBaud: (consoleBaud) => this.#power.lineBaud(consoleBaud),
      holdReset: (held) => this.#power.holdReset(held),
      resetCore: (toDownload) => this.#power.resetCore(toDownload),
    });
    this.#parts = new BoardParts([this.flash, this.chip, this.#pins, rtc, this.#serial, new ProgramHost(), ...parts]);
    const heapBytes = options.heapBytes ?? defaultHeapBytes;
    this.#power = new BoardPower(
      {
        assets,
        world,
        parts: this.#parts,
        rtc,
        heapBytes,
        mac: this.mac,
        chip: this.chip,
        isBootPinLow: () => this.#serial.isBootLow || this.#pins.isHeldLow(this.chip.model.bootPin),
        outsideLevel: (pin) => this.#pins.driven(pin),
        leaveUsb: () => this.#serial.leaveUsb(),
        taken: (bytes) => this.#serial.taken(bytes),
        print: (bytes, atMs) => this.#print(bytes, atMs),
      },
      { emit: (event, atMs) => this.#emit(event, atMs) },
    );
  }

  get running(): boolean {
    return this.#power.running;
  }

  /** The chip's power and time, for the world that the board lives in. */
  get power(): BoardPower {
    return this.#power;
  }

  powerOn(): Promise<void> {
    return this.#power.on();
  }

  powerOff(): Promise<void> {
    return this.#power.off();
  }

  reset(): Promise<void> {
    return this.#power.reset();
  }

  async cutAt(operation: number, tornBytes?: number): Promise<void> {
    await this.flash.cutAt(operation, tornBytes);
    await this.#power.stopped();
  }

  /** Bytes that found the console's input ring full since the board was made. */
  get lostSerialBytes(): number {
    return this.#serial.lostBytes;
  }

  openSerial(options?: SimSerialOptions): SerialLink {
    return this.#serial.open(options);
  }

  setPin(pin: number, value: 0 | 1): void {
    this.#pins.set(pin, value);
    this.#power.pinChanged();
  }

  pin(pin: number): 0 | 1 {
    return this.#pins.get(pin);
  }

  fault(fault: SimFault): void {
    if (fault.kind === "brown-out") return this.#power.brownOut();
    if (this.#parts.fault(fault)) return;
    throw new UsageError("sim/bad-fault", `the board ${this.name} has no part for the fault ${fault.kind}`);
  }

  onEvent(listener: (event: SimEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes the power and writes down what is to be kept. */
  async close(): Promise<void> {
    await this.#power.off();
    this.flash.close();
  }

  #print(bytes: Uint8Array, atMs: number): void {
    this.#emit({ kind: "console", bytes }, atMs);
    this.#serial.deliver(bytes);
  }

  #emit(event: SimEventBody, atMs = this.#world.nowUs() / 1000): void {
    if (event.kind === "off") this.#serial.chipStopped();
    for (const listener of this.#listeners) listener({ ...event, atMs } as SimEvent);
  }
}

function absolute(files: Readonly<Record<string, Uint8Array | string>>): Record<string, Uint8Array | string> {
  return Object.fromEntries(Object.entries(files).map(([path, content]) => [resolvePath("/", path), content]));
}
