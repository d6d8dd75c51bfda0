import {
  BusyError,
  type LinkListener,
  LinkListeners,
  type SerialLink,
  type Signals,
  type SimBoard,
  type SimEvent,
  type SimFault,
  type SimBoardOptions,
  type SimFlash,
  type SimWorld,
} from "@espx/proto";

/** The serial side of an {@link EchoBoard}: answers every byte with itself, and notes the rest. */
class EchoLink implements SerialLink {
  readonly url: string;
  readonly traits = { kind: "sim", safeCreditBytes: 128, resetsOnOpen: false } as const;
  readonly #board: EchoBoard;
  readonly #listeners: LinkListeners;

  constructor(board: EchoBoard) {
    this.#board = board;
    this.url = `sim:${board.name}`;
    this.#listeners = new LinkListeners(this.url);
  }

  listen(listener: LinkListener): () => void {
    return this.#listeners.listen(listener);
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#listeners.assertOpen();
    this.#board.notes.push(`write ${bytes.length}`);
    this.say(bytes);
  }

  async drain(): Promise<void> {
    this.#listeners.assertOpen();
  }

  async setSignals(signals: Signals): Promise<boolean> {
    this.#listeners.assertOpen();
    this.#board.notes.push(`dtr ${Number(signals.dtr)} rts ${Number(signals.rts)}`);
    return true;
  }

  async setBaud(baudRate: number): Promise<void> {
    this.#listeners.assertOpen();
    this.#board.notes.push(`baud ${baudRate}`);
  }

  async reopen(): Promise<void> {}

  async close(): Promise<void> {
    this.end();
  }

  say(bytes: Uint8Array): void {
    this.#listeners.chunk(bytes);
  }

  end(error?: Error): void {
    this.#board.link = undefined;
    this.#listeners.close(error);
  }
}

/** A board without a chip: an echo on its serial port, pins that keep their level, a list of what was done to it. */
export class EchoBoard implements SimBoard {
  readonly name: string;
  readonly mac = Uint8Array.of(2, 0, 0, 0, 0, 1);
  readonly notes: string[] = [];
  readonly faults: SimFault[] = [];
  link: EchoLink | undefined;
  running = false;
  readonly #pins = new Map<number, 0 | 1>();
  readonly #listeners = new Set<(event: SimEvent) => void>();

  constructor(name: string) {
    this.name = name;
  }

  get flash(): SimFlash {
    throw new Error("an echo board has no flash");
  }

  async powerOn(): Promise<void> {
    if (this.running) return;
    this.running = true;
    this.notes.push("on");
  }

  async powerOff(): Promise<void> {
    if (!this.running) return;
    this.running = false;
    this.notes.push("off");
  }

  async reset(): Promise<void> {
    this.notes.push("reset");
  }

  async cutAt(): Promise<void> {
    throw new Error("an echo board has no flash");
  }

  openSerial(): SerialLink {
    if (this.link !== undefined) throw new BusyError("port/busy", `sim:${this.name} is in use in this process`);
    this.link = new EchoLink(this);
    return this.link;
  }

  setPin(pin: number, value: 0 | 1): void {
    this.#pins.set(pin, value);
  }

  pin(pin: number): 0 | 1 {
    return this.#pins.get(pin) ?? 0;
  }

  fault(fault: SimFault): void {
    this.faults.push(fault);
  }

  onEvent(listener: (event: SimEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  print(text: string): void {
    for (const listener of this.#listeners) {
      listener({ kind: "console", atMs: 0, bytes: new TextEncoder().encode(text) });
    }
  }
}

/** A world of echo boards in real time. */
export class EchoWorld implements SimWorld {
  readonly mode = "real";
  readonly clock = {
    now: () => performance.now(),
    sleep: () => Promise.reject(new Error("an echo world does not sleep")),
  };
  readonly made: EchoBoard[] = [];
  readonly asked: SimBoardOptions[] = [];
  closed = false;

  boards(): readonly EchoBoard[] {
    return this.made;
  }

  async addBoard(options: SimBoardOptions): Promise<EchoBoard> {
    const board = new EchoBoard(options.name);
    this.asked.push(options);
    this.made.push(board);
    return board;
  }

  async advance(): Promise<void> {}

  async close(): Promise<void> {
    this.closed = true;
  }
}
