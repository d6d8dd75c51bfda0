import { parentPort } from "node:worker_threads";
import type { Interpreter } from "../vm/interpreter.ts";
import type { InterpreterLayout } from "../vm/layout.ts";
import type { BoardClock } from "./clock.ts";
import type { BoardStop, PartMessage, WaitResult, WorkerContext } from "./context.ts";
import type { ControlBlock } from "./control-block.ts";
import { Mailbox } from "./mailbox.ts";
import { machineRandom, type RandomFill, seededRandom } from "./random.ts";
import { RealClock } from "./real-clock.ts";
import { Schedule } from "./schedule.ts";
import type { StartData } from "./start-data.ts";
import { Timers } from "./timers.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** What a program may do between two waits before it costs time: only loops without end come so far. */
const freeDeeds = 1000;

/** The console's input as waits see it. */
interface WatchedInput {
  readonly lengthBytes: number;
  watch(): void;
  unwatch(): void;
}

/** A board in a world in virtual time. */
interface VirtualSeat {
  readonly schedule: Schedule;
  readonly clock: VirtualClock;
}

/** The context of one boot; the interpreter joins it when it is loaded. */
export class BoardContext implements WorkerContext {
  readonly mode: "real" | "virtual";
  readonly control: ControlBlock;
  readonly clock: BoardClock;
  readonly random: RandomFill;
  readonly #start: StartData;
  readonly #layout: InterpreterLayout;
  readonly #virtual: VirtualSeat | undefined;
  readonly #mailbox: Mailbox;
  readonly #timers = new Timers();
  readonly #beforeRest: (() => void)[] = [];
  #doneSinceRest = 0;
  #consoleInput: WatchedInput = { lengthBytes: 0, watch: () => {}, unwatch: () => {} };
  #interpreter: Interpreter | undefined;

  constructor(start: StartData, control: ControlBlock) {
    this.#start = start;
    this.#layout = start.layout;
    this.mode = start.mode;
    this.control = control;
    this.#mailbox = new Mailbox(start.port);
    this.#virtual = start.seat === undefined ? undefined : this.#takeSeat(start.seat);
    this.clock = this.#virtual?.clock ?? new RealClock(control, start.beganMs);
    this.random = start.mode === "real" ? machineRandom : seededRandom(start.seed);
  }

  attach(interpreter: Interpreter): void {
    this.#interpreter = interpreter;
  }

  /** Runs `flush` before each wait and before the end: what is buffered must be out by then. */
  beforeRest(flush: () => void): void {
    this.#beforeRest.push(flush);
  }

  memory(): Uint8Array {
    return this.#interpreter?.memory.bytes ?? new Uint8Array();
  }

  /** Joins the console, which `consoleBytes` is about. */
  attachConsole(input: WatchedInput): void {
    this.#consoleInput = input;
  }

  consoleBytes(): number {
    this.#consoleInput.watch();
    return this.#consoleInput.lengthBytes;
  }

  now(): number {
    return this.clock.nowUs() / 1000;
  }

  setup<T>(name: string): T {
    return this.#start.setups[name] as T;
  }

  until<T>(condition: () => T | undefined, timeoutMs: number): WaitResult<T> {
    try {
      return this.#until(condition, timeoutMs);
    } finally {
      this.#consoleInput.unwatch();
    }
  }

  #until<T>(condition: () => T | undefined, timeoutMs: number): WaitResult<T> {
    const deadlineUs = this.clock.nowUs() + timeoutMs * 1000;
    for (;;) {
      const seen = this.control.wakes;
      this.#readMail();
      this.#timers.run(this.clock.nowUs());
      const value = condition();
      if (value !== undefined) return { value };
      if (this.#takeInterrupt()) return "interrupted";
      if (!(this.clock.nowUs() < deadlineUs)) return this.#timeout(timeoutMs);
      this.#flush();
      this.#doneSinceRest = 0;
      this.clock.wait(Math.min(deadlineUs, this.#timers.nextUs), seen);
    }
  }

  standStill(ms: number): void {
    if (!(ms > 0)) return;
    this.#flush();
    const untilUs = this.clock.nowUs() + ms * 1000;
    while (this.clock.nowUs() < untilUs) this.clock.wait(untilUs, this.control.wakes);
  }

  at(dueMs: number, callback: () => void): () => void {
    return this.#timers.add(dueMs * 1000, callback);
  }

  poll(): void {
    this.clock.readUs();
    this.#readMail();
    this.#timers.run(this.clock.nowUs());
  }

  spend(): void {
    if (++this.#doneSinceRest > freeDeeds) this.clock.readUs();
  }

  post<M extends PartMessage>(message: M, transfer: readonly ArrayBuffer[] = []): void {
    if (this.control.isCrowded) this.#virtual?.clock.callHost();
    this.control.waitForHost();
    this.#start.port.postMessage({ ...message, atMs: this.now() }, transfer);
    if (this.#virtual === undefined) return;
    this.control.notePosted();
    if (this.#virtual.schedule.notePosted()) this.#virtual.clock.rest();
  }

  hostBy(dueMs: number): void {
    this.#virtual?.clock.hostBy(dueMs * 1000);
  }

  on(type: string, handler: (message: never) => void): void {
    this.#mailbox.on(type, handler);
  }

  stop(stop: BoardStop): never {
    this.#flush();
    this.post({ type: "stop", ...stop });
    this.#virtual?.clock.end();
    this.control.halt();
  }

  /** Forgets a Ctrl-C that nobody has seen. */
  clearInterrupt(): void {
    this.#takeInterrupt();
  }

  /** A wait of no length costs as much as a look at the clock, or a loop of them would never end in virtual time. */
  #timeout(timeoutMs: number): "timeout" {
    if (!(timeoutMs > 0)) this.clock.readUs();
    return "timeout";
  }

  /** Virtual time: looking into an empty mailbox is a large part of a short wake. */
  #readMail(): void {
    if (this.#virtual === undefined || this.control.takeMail()) this.#mailbox.drain();
  }

  #flush(): void {
    for (const flush of this.#beforeRest) flush();
  }

  #takeSeat(seat: number): VirtualSeat {
    const schedule = new Schedule(this.#start.control);
    const clock = new VirtualClock(
      this.control,
      this.#start.startUs,
      { schedule, seat },
      {
        resting: () => this.#flush(),
        bell: () => parentPort?.postMessage(0),
        watchdog: () => this.stop({ kind: "watchdog" }),
      },
    );
    return { schedule, clock };
  }

  /** True when a Ctrl-C is pending; it is taken back, since the caller raises it. */
  #takeInterrupt(): boolean {
    const memory = this.#interpreter?.memory;
    if (memory === undefined || memory.u32(this.#layout.pendingException) !== this.#layout.keyboardException)
      return false;
    memory.setU32(this.#layout.pendingException, 0);
    return true;
  }
}
