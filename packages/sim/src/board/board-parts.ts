import type { SimFault } from "@espx/proto";
import type { PartMessage } from "../worker/context.ts";
import type { StampedMessage } from "./board-session.ts";
import type { HostPart, PartChannel, SimEventBody } from "./host-part.ts";

/** How the parts of a board reach its worker and its listeners. */
export interface PartWiring {
  readonly post: (message: PartMessage, transfer?: readonly ArrayBuffer[]) => void;
  readonly postAt: (message: PartMessage, atMs: number) => void;
  readonly emit: (event: SimEventBody, atMs?: number) => void;
}

/** The host halves of a board's parts, and the way of messages to them. */
export class BoardParts {
  readonly #parts: readonly HostPart[];
  readonly #handlers = new Map<string, (message: never, atMs: number) => void>();

  constructor(parts: readonly HostPart[]) {
    this.#parts = parts;
  }

  setups(): Record<string, unknown> {
    return Object.fromEntries(this.#parts.map((part) => [part.name, part.setup?.()]));
  }

  connect({ post, postAt, emit }: PartWiring): void {
    this.#handlers.clear();
    const channel: PartChannel = { post, postAt, emit, on: (type, handler) => void this.#handlers.set(type, handler) };
    for (const part of this.#parts) part.connect?.(channel);
  }

  disconnect(atMs: number): void {
    for (const part of this.#parts) part.disconnect?.(atMs);
  }

  receive(message: StampedMessage): void {
    this.#handlers.get(message.type)?.(message as never, message.atMs);
  }

  /** False when the fault concerns no part. */
  fault(fault: SimFault): boolean {
    return this.#parts.some((part) => part.fault?.(fault) ?? false);
  }
}
