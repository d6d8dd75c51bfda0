import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { SimAssets } from "../assets.ts";
import type { BoardStop, PartMessage } from "../worker/context.ts";
import type { SerialMessage, SoftResetMessage } from "../worker/console/board-console.ts";
import type { Arrival } from "../worker/console/serial-input.ts";
import { ControlBlock } from "../worker/control-block.ts";
import type { StartData } from "../worker/start-data.ts";
import { ChangeSignal } from "./change-signal.ts";
import { VmInterrupt } from "./vm-interrupt.ts";

/** A message from the worker with the board's time of sending. */
export type StampedMessage = PartMessage & { readonly atMs: number };

/** Who hears what a session does. */
export interface SessionListener {
  message(message: StampedMessage): void;
  /** The worker asks for its end and does nothing more. */
  stopped(stop: BoardStop, atMs: number): void;
  /** The worker ended by an error, which is a fault of the simulator. */
  crashed(error: Error): void;
}

/** Bytes for the console. */
export interface SerialInbound {
  readonly bytes: Uint8Array;
  readonly arrival: Arrival;
}

/** What a session starts with, beside what the assets give. */
export type SessionStart = Omit<StartData, "port" | "control" | "module" | "layout" | "python">;

/** How a wait for the board ended: it waits for the host, its worker is done, or it computes without end. */
export type Settled = "parked" | "stopped" | "spinning";

/** A board that was found to compute without end is given this long to show that it does not any more. */
const spinningQuietMs = 50;

/** Memory of JavaScript that one board's worker may use; the interpreter's own memory is not in it. */
const resourceLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 };

/**
 * One boot of a board, seen from the host: a worker, the messages with it, and the words shared with it.
 *
 * In virtual time what the host sends is held until the board waits for the host, so that it arrives at the same
 * virtual time each time.
 */
export class BoardSession {
  readonly control = new ControlBlock();
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #assets: SimAssets;
  readonly #listener: SessionListener;
  readonly #virtual: boolean;
  readonly #changed = new ChangeSignal();
  #held: (() => void)[] = [];
  readonly #soft: boolean;
  readonly #early: ((interrupt: VmInterrupt) => void)[] = [];
  #carried: SerialInbound[] | undefined;
  #interrupt: VmInterrupt | undefined;
  #stopped = false;
  #spinning = false;
  #parkedAt: number | undefined;
  #heardMs = performance.now();

  constructor(assets: SimAssets, start: SessionStart, listener: SessionListener) {
    this.#assets = assets;
    this.#listener = listener;
    this.#virtual = start.mode === "virtual";
    this.#soft = start.boot.cause === "soft";
    this.control.interruptByte = undefined;
    this.control.horizonUs = start.startUs;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const { module, layout, python } = assets;
    const data: StartData = { ...start, port: port2, control: this.control.buffer, module, layout, python };
    this.#worker = new Worker(assets.worker, { workerData: data, transferList: [port2], resourceLimits, execArgv: [] });
    this.#worker.on("error", (error: Error) => this.#crashed(error));
    port1.on("message", this.#receive);
  }

  /** Resolves when the interpreter is loaded and programs start, or the worker is done. */
  async loaded(): Promise<void> {
    while (this.#interrupt === undefined && !this.#stopped) await this.#changed.next();
  }

  post(message: PartMessage, transfer: readonly ArrayBuffer[] = []): void {
    this.#deliver(() => {
      this.#port.postMessage(message, transfer);
      this.control.wake();
    });
  }

  /**
   * Bytes on the serial line: the byte of Ctrl-C interrupts Python at once, the others wait to be read. Over a soft reset they wait in
   * the chip's ring; at any other start nothing listens yet.
   */
  sendSerial(bytes: Uint8Array, arrival: Arrival): void {
    if (this.#carried !== undefined) this.#carried.push({ bytes, arrival });
    else
      this.#deliver(() => {
        if (this.#interrupt !== undefined) this.#passSerial(this.#interrupt, bytes, arrival);
        else if (this.#soft) this.#early.push((interrupt) => this.#passSerial(interrupt, bytes, arrival));
        else this.#take({ type: "serial-counts", taken: bytes.length, lost: 0, atMs: arrival.atMs } as StampedMessage);
      });
  }

  /** What the console holds for the boot after a soft reset; empty before any other. */
  get carried(): readonly SerialInbound[] {
    return this.#carried ?? [];
  }

  /** Virtual time: lets the board run up to `horizonUs`. */
  grant(horizonUs: number): void {
    this.#flushHeld();
    if (horizonUs <= this.control.horizonUs) return;
    this.control.horizonUs = horizonUs;
    this.control.wake();
  }

  /** Virtual time: resolves when the board did all it can; it spins when nothing was heard of it for `quietMs`. */
  async settled(quietMs: number): Promise<Settled> {
    const limitMs = this.#spinning ? Math.min(quietMs, spinningQuietMs) : quietMs;
    this.#heardMs = performance.now();
    for (;;) {
      if (this.#stopped) return "stopped";
      if (this.#parked && !this.#flushHeld()) return "parked";
      const leftMs = this.#heardMs + limitMs - performance.now();
      if (leftMs <= 0) return this.#spin();
      await this.#changed.next(leftMs);
    }
  }

  /** Ends the worker; what it had sent by then is handled. */
  async end(): Promise<void> {
    this.#port.off("message", this.#receive);
    await this.#worker.terminate();
    for (let left = receiveMessageOnPort(this.#port); left !== undefined; left = receiveMessageOnPort(this.#port)) {
      this.#receive((left as { readonly message: StampedMessage }).message);
    }
    this.#port.close();
    this.#stopped = true;
    this.#changed.notify();
  }

  get #parked(): boolean {
    return this.#parkedAt === this.control.wakes;
  }

  #passSerial(interrupt: VmInterrupt, bytes: Uint8Array, arrival: Arrival): void {
    const { interruptByte } = this.control;
    const kept = interruptByte === undefined ? bytes : bytes.filter((byte) => byte !== interruptByte);
    if (kept.length < bytes.length) interrupt.raise();
    const message: SerialMessage = { type: "serial-in", bytes: kept, skipped: bytes.length - kept.length, arrival };
    this.#port.postMessage(message);
    this.control.wake();
  }

  #deliver(send: () => void): void {
    if (this.#virtual && !this.#parked && !this.#spinning) this.#held.push(send);
    else if (!this.#stopped) send();
  }

  /** True when there was something to deliver. */
  #flushHeld(): boolean {
    const held = this.#held;
    this.#held = [];
    for (const send of held) send();
    return held.length > 0;
  }

  #spin(): "spinning" {
    this.#spinning = true;
    this.#flushHeld();
    return "spinning";
  }

  readonly #receive = (message: StampedMessage): void => {
    this.control.taken();
    this.#heardMs = performance.now();
    this.#spinning = false;
    this.#take(message);
    this.#changed.notify();
  };

  #take(message: StampedMessage): void {
    if (this.#stopped) return;
    switch (message.type) {
      case "parked":
        this.#parkedAt = (message as StampedMessage & { readonly wakes: number }).wakes;
        if (this.#parked) this.#flushHeld();
        break;
      case "loaded": {
        const { memory } = message as StampedMessage & { readonly memory: WebAssembly.Memory };
        const interrupt = new VmInterrupt(memory, this.#assets.layout);
        this.#interrupt = interrupt;
        for (const pass of this.#early.splice(0)) pass(interrupt);
        break;
      }
      case "soft-reset-begins":
        this.#carried = [(message as StampedMessage & SoftResetMessage).unread];
        break;
      case "stop": {
        this.#stopped = true;
        const { kind, ...rest } = message as unknown as StampedMessage & BoardStop;
        this.#listener.stopped({ kind, ...rest } as BoardStop, message.atMs);
        break;
      }
      default:
        this.#listener.message(message);
    }
  }

  #crashed(error: Error): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#listener.crashed(error);
    this.#changed.notify();
  }
}
