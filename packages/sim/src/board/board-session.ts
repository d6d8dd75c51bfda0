import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { SimAssets } from "../assets.ts";
import type { BoardStop, PartMessage } from "../worker/context.ts";
import type { SerialMessage, SoftResetMessage } from "../worker/console/board-console.ts";
import type { Arrival } from "../worker/console/serial-input.ts";
import { ControlBlock } from "../worker/control-block.ts";
import { host, type Schedule } from "../worker/schedule.ts";
import type { StartData } from "../worker/start-data.ts";
import { ChangeSignal } from "./change-signal.ts";
import { Patience } from "./patience.ts";
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
export type SessionStart = Omit<StartData, "port" | "control" | "seat" | "module" | "layout" | "python">;

/** The place of a board in a world in virtual time. */
export interface SessionSeat {
  readonly schedule: Schedule;
  readonly seat: number;
  nowUs(): number;
  /** The worker parked, or is done. */
  ring(): void;
}

/** Memory of JavaScript that one board's worker may use; the interpreter's own memory is not in it. */
const resourceLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 };

/**
 * One boot of a board, seen from the host: a worker, the messages with it, and the words shared with it.
 *
 * In virtual time what the host sends is held until the board waits for the host, so that it arrives at the same
 * virtual time each time.
 */
export class BoardSession {
  readonly control: ControlBlock;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #assets: SimAssets;
  readonly #listener: SessionListener;
  readonly #seat: SessionSeat | undefined;
  readonly #changed = new ChangeSignal();
  #held: (() => void)[] = [];
  readonly #soft: boolean;
  readonly #early: ((interrupt: VmInterrupt) => void)[] = [];
  #carried: SerialInbound[] | undefined;
  #inbox: StampedMessage[] = [];
  #interrupt: VmInterrupt | undefined;
  /** The worker does nothing more, which the listener may not know yet. */
  #isDone = false;
  #stopped = false;

  /** @param seat - virtual time: the board's place in its world */
  constructor(assets: SimAssets, start: SessionStart, listener: SessionListener, seat: SessionSeat | undefined) {
    this.#assets = assets;
    this.#listener = listener;
    this.#soft = start.boot.cause === "soft";
    this.#seat = seat;
    this.control = seat?.schedule.board(seat.seat) ?? new ControlBlock();
    this.control.restart();
    this.control.horizonUs = start.startUs;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const { module, layout, python } = assets;
    const control = this.control.buffer;
    const data: StartData = { ...start, port: port2, control, seat: seat?.seat, module, layout, python };
    this.#worker = new Worker(assets.worker, { workerData: data, transferList: [port2], resourceLimits, execArgv: [] });
    this.#worker.on("error", (error: Error) => this.#crashed(error));
    if (seat === undefined) port1.on("message", this.#receive);
    else this.#worker.on("message", () => this.#rung());
  }

  /** Resolves when the interpreter is loaded and programs start, or the worker is done. */
  async loaded(): Promise<void> {
    while (this.#interrupt === undefined && !this.#stopped) await this.#changed.next();
  }

  post(message: PartMessage, transfer: readonly ArrayBuffer[] = []): void {
    this.#deliver(() => {
      this.#send(message, transfer);
      this.#wakeNow();
    });
  }

  /** Virtual time: sends what the board is to see at `atMs`. */
  postAt(message: PartMessage, atMs: number): void {
    this.#deliver(() => {
      this.#send(message);
      if (this.control.spins) this.control.wake();
      else this.control.dueUs = Math.min(this.control.dueUs, atMs * 1000);
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
        else this.take({ type: "serial-counts", taken: bytes.length, lost: 0, atMs: arrival.atMs } as StampedMessage);
      });
  }

  /** What the console holds for the boot after a soft reset; empty before any other. */
  get carried(): readonly SerialInbound[] {
    return this.#carried ?? [];
  }

  /** Virtual time: nothing more comes of the board at this moment. */
  get isAtRest(): boolean {
    return this.#isDone || this.control.spins || (this.control.isParked && this.#held.length === 0);
  }

  /** Virtual time: resolves at rest; a board of which nothing is heard for `quietMs` computes without end. */
  async atRest(quietMs: number): Promise<void> {
    const patience = new Patience(quietMs);
    while (!this.isAtRest) {
      if (this.control.isParked) this.#flushHeld();
      else if (this.#pull() || (await this.#heardWithin(quietMs))) patience.renew();
      else if (patience.isOver && this.#interrupt !== undefined && !this.control.isParked) this.#spin();
    }
  }

  /** Virtual time: gives a board that computes without end the chance to show that it does not any more. */
  async listen(forMs: number): Promise<void> {
    await this.#heardWithin(forMs);
  }

  /** Virtual time: what the worker sent and nobody has taken yet. */
  collect(): readonly StampedMessage[] {
    if (this.control.takePosted()) this.#pull();
    const collected = this.#inbox;
    this.#inbox = [];
    return collected;
  }

  #passSerial(interrupt: VmInterrupt, bytes: Uint8Array, arrival: Arrival): void {
    const { interruptByte } = this.control;
    const kept = interruptByte === undefined ? bytes : bytes.filter((byte) => byte !== interruptByte);
    if (kept.length < bytes.length) interrupt.raise();
    if (!this.control.sendsSerial(kept.length)) return this.#lose(bytes.length, arrival.atMs);
    const message: SerialMessage = { type: "serial-in", bytes: kept, skipped: bytes.length - kept.length, arrival };
    this.#send(message);
    this.#wakeNow();
  }

  #lose(lost: number, atMs: number): void {
    this.take({ type: "serial-counts", taken: 0, lost, atMs } as StampedMessage);
  }

  /** Handles one message of the worker. */
  take(message: StampedMessage): void {
    if (this.#stopped) return;
    switch (message.type) {
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
        this.#isDone = true;
        const { kind, ...rest } = message as unknown as StampedMessage & BoardStop;
        this.#listener.stopped({ kind, ...rest } as BoardStop, message.atMs);
        break;
      }
      default:
        this.#listener.message(message);
    }
  }

  /** Ends the worker; what it had sent by then is handled. */
  async end(): Promise<void> {
    this.#port.off("message", this.#receive);
    await this.#worker.terminate();
    this.#pull();
    for (const message of this.#inbox.splice(0)) this.take(message);
    this.#port.close();
    this.#stopped = true;
    this.#isDone = true;
    this.#leaveSeat();
    this.#changed.notify();
  }

  /** Waits for a sign of life of the worker; false when none came. */
  async #heardWithin(forMs: number): Promise<boolean> {
    const endMs = performance.now() + forMs;
    const progress = this.#seat?.schedule.progress;
    await this.#changed.next(forMs);
    const isEarly = performance.now() < endMs;
    return this.#pull() || this.#isDone || isEarly || progress !== this.#seat?.schedule.progress;
  }

  #deliver(send: () => void): void {
    if (this.#stopped) return;
    const waits = this.#seat !== undefined && !this.control.spins && !this.#mayDisturb(this.#seat);
    this.#held.push(send);
    if (!waits) this.#flushHeld();
  }

  /** Virtual time: the board waits for the host, and nobody else can wake it. */
  #mayDisturb({ schedule }: SessionSeat): boolean {
    return schedule.holder === host && this.control.isParked;
  }

  #send(message: PartMessage, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer);
    this.control.noteMail();
  }

  /** Virtual time: the board sees it at this moment, without the baton. */
  #wakeNow(): void {
    if (this.#seat !== undefined) {
      const nowUs = this.#seat.nowUs();
      this.control.horizonUs = Math.max(this.control.horizonUs, nowUs);
      if (!this.control.spins) this.control.dueUs = Math.min(this.control.dueUs, nowUs);
    }
    this.control.wake();
  }

  #flushHeld(): void {
    for (const send of this.#held.splice(0)) {
      if (this.#stopped) return;
      send();
    }
  }

  #spin(): void {
    this.control.spins = true;
    this.#flushHeld();
  }

  #rung(): void {
    if (this.control.isParked) this.control.spins = false;
    this.#changed.notify();
    this.#seat?.ring();
  }

  /** Reads what the worker has sent; true when there was something. */
  #pull(): boolean {
    const before = this.#inbox.length;
    for (let left = receiveMessageOnPort(this.#port); left !== undefined; left = receiveMessageOnPort(this.#port)) {
      const { message } = left as { readonly message: StampedMessage };
      this.control.taken();
      if (message.type === "stop") this.#isDone = true;
      if (message.type === "loaded") this.take(message);
      else this.#inbox.push(message);
    }
    return this.#inbox.length > before;
  }

  /** The others go on without this board. */
  #leaveSeat(): void {
    if (this.#seat === undefined) return;
    const { schedule, seat } = this.#seat;
    this.control.restart();
    schedule.release(seat);
    this.#seat.ring();
  }

  readonly #receive = (message: StampedMessage): void => {
    this.control.taken();
    this.take(message);
    this.#changed.notify();
  };

  #crashed(error: Error): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#isDone = true;
    this.#leaveSeat();
    this.#listener.crashed(error);
    this.#changed.notify();
  }
}
