import type { Terminal } from "../../vm/system-calls.ts";
import type { PaceMessage, SerialSetup } from "../../board/serial-host.ts";
import { errno } from "../../vm/errno.ts";
import type { BoardContext } from "../board-context.ts";
import type { PartMessage, WaitResult } from "../context.ts";
import { controlByte } from "./control-bytes.ts";
import { LinePace } from "./line-pace.ts";
import { type Arrival, ringCapacityBytes, SerialInput } from "./serial-input.ts";
import { SerialOutput } from "./serial-output.ts";

/** A message with bytes that arrived on the serial line. */
export interface SerialMessage {
  readonly type: "serial-in";
  readonly bytes: Uint8Array;
  /** How many came with them and interrupted Python instead. */
  readonly skipped: number;
  readonly arrival: Arrival;
}

/** From here on the console is that of the boot to come; what nobody has read is its first input. */
export interface SoftResetMessage {
  readonly type: "soft-reset-begins";
  readonly unread: { readonly bytes: Uint8Array; readonly arrival: Arrival };
}

/** The console of a board: its serial line as Python and the prompt use it. */
export class BoardConsole implements Terminal {
  readonly input: SerialInput;
  readonly output: SerialOutput;
  /** What the firmware says before a friendly prompt. */
  readonly banner: string;
  readonly #context: BoardContext;
  #heard: boolean;

  constructor(context: BoardContext, banner: string) {
    this.#context = context;
    this.banner = banner;
    const pace = new LinePace(context.clock, context.control);
    const { paceBaud, heard } = context.setup<SerialSetup>("serial");
    pace.setBaud(paceBaud);
    this.#heard = heard;
    context.on("serial-pace", (message: PaceMessage) => {
      pace.setBaud(message.baudRate);
      this.#heard = message.heard;
    });
    this.output = new SerialOutput({
      send: (bytes) => {
        pace.add(bytes.length);
        this.#tell({ type: "serial-out", bytes }, [bytes.buffer]);
      },
      pause: () => pace.wait(),
    });
    this.input = new SerialInput(() => context.now());
    context.on("serial-in", (message: SerialMessage) => this.#receive(message));
    context.attachConsole(this.input);
    context.beforeRest(() => this.#rest());
  }

  /** Waits for the next byte; undefined when Ctrl-C came instead. */
  readByte(): number | undefined {
    const result = this.#waiting(() => this.input.shift(), Infinity);
    return typeof result === "object" ? result.value : undefined;
  }

  read(target: Uint8Array): number {
    return this.readWithin(target, Infinity);
  }

  /** Waits up to `timeoutMs` for at least one byte; 0 when none came. */
  readWithin(target: Uint8Array, timeoutMs: number): number {
    const result = this.#waiting(() => this.input.read(target) || undefined, timeoutMs);
    if (result === "interrupted") return -errno.EINTR;
    return result === "timeout" ? 0 : result.value;
  }

  write(source: Uint8Array): void {
    this.output.writeText(source);
  }

  /** While `run` lasts, the byte of Ctrl-C interrupts Python instead of being read. */
  interruptible<T>(run: () => T): T {
    this.#context.clearInterrupt();
    this.#context.control.interruptByte = controlByte.c;
    try {
      return run();
    } finally {
      this.#context.control.interruptByte = undefined;
      this.#context.clearInterrupt();
    }
  }

  setInterruptByte(byte: number | undefined): void {
    this.#context.control.interruptByte = byte;
  }

  /** Hands what was not read to the boot that follows. */
  handOver(): void {
    const bytes = new Uint8Array(ringCapacityBytes);
    const unread = {
      bytes: bytes.slice(0, this.input.read(bytes)),
      arrival: { atMs: this.#context.now(), patienceMs: 0 },
    };
    this.#context.post<SoftResetMessage>({ type: "soft-reset-begins", unread });
  }

  /** Sets the rate of the line; what was printed before leaves at the old one. */
  setBaud(baudRate: number): void {
    this.output.flush();
    this.#context.post({ type: "serial-baud", baudRate });
  }

  #waiting<T>(condition: () => T | undefined, timeoutMs: number): WaitResult<T> {
    this.input.watch();
    return this.#context.until(condition, timeoutMs);
  }

  /** In virtual time the host's clock is that of the last step, the board's own is right. */
  #receive({ bytes, skipped, arrival }: SerialMessage): void {
    this.#context.control.sawSerial(bytes.length);
    const atMs = this.#context.mode === "virtual" ? this.#context.now() : arrival.atMs;
    this.input.push(bytes, { ...arrival, atMs }, skipped);
  }

  #rest(): void {
    this.output.flush();
    const counts = this.input.takeCounts();
    if (counts !== undefined) this.#tell({ type: "serial-counts", ...counts });
  }

  /** What a client hears it may answer before the board goes on. */
  #tell<M extends PartMessage>(message: M, transfer: readonly ArrayBuffer[] = []): void {
    this.#context.post(message, transfer);
    if (this.#heard) this.#context.hostBy(this.#context.now());
  }
}
