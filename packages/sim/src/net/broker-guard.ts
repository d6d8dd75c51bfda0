import type { Socket } from "node:net";
import type { BrokerBehaviour } from "./net-script.ts";

const connectPacket = 0x10;

/** What goes from the guard towards the board. */
export interface GuardedBoard {
  receive(bytes: Uint8Array): void;
  /** The broker is gone. */
  ended(): void;
}

/** Stands between a board and a real broker, and has the broker refuse, hang or close when that is asked. */
export class BrokerGuard {
  readonly #socket: Socket;
  readonly #board: GuardedBoard;
  #behaviour: BrokerBehaviour;
  /** What waits while the broker hangs. */
  #held: (() => void)[] = [];

  constructor(socket: Socket, behaviour: BrokerBehaviour, board: GuardedBoard) {
    this.#socket = socket;
    this.#behaviour = behaviour;
    this.#board = board;
    socket.on("data", (bytes) => this.#unlessSilent(() => board.receive(bytes)));
    socket.once("connect", () => {
      if (this.#behaviour.kind === "close") this.#hangUp();
    });
  }

  /** Sends towards the broker; `taken` is called when the bytes have left the board. */
  write(bytes: Uint8Array, taken: () => void): void {
    if (this.#behaviour.kind === "refuse" && bytes[0] === connectPacket) {
      taken();
      this.#board.receive(Uint8Array.of(0x20, 2, 0, this.#behaviour.code));
      return this.#hangUp();
    }
    this.#unlessSilent(() => this.#socket.write(bytes));
    taken();
  }

  /** Takes on another behaviour; one that lets nobody in ends the connection. */
  apply(behaviour: BrokerBehaviour): void {
    if (behaviour.kind === this.#behaviour.kind) return;
    this.#behaviour = behaviour;
    if (behaviour.kind === "close" || behaviour.kind === "refuse") return this.#hangUp();
    if (behaviour.kind === "silent") return;
    const held = this.#held;
    this.#held = [];
    for (const action of held) action();
  }

  #unlessSilent(action: () => void): void {
    if (this.#behaviour.kind === "silent") this.#held.push(action);
    else action();
  }

  #hangUp(): void {
    this.#held = [];
    this.#socket.destroy();
    this.#board.ended();
  }
}
