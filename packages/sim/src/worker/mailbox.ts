import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { PartMessage } from "./context.ts";

/** Messages from the host, read without an event loop, and their handlers by type. */
export class Mailbox {
  readonly #port: MessagePort;
  readonly #handlers = new Map<string, (message: never) => void>();

  constructor(port: MessagePort) {
    this.#port = port;
  }

  on(type: string, handler: (message: never) => void): void {
    this.#handlers.set(type, handler);
  }

  /** Handles everything that has arrived. */
  drain(): void {
    for (let received = receive(this.#port); received !== undefined; received = receive(this.#port)) {
      this.#handlers.get(received.type)?.(received as never);
    }
  }
}

function receive(port: MessagePort): PartMessage | undefined {
  return (receiveMessageOnPort(port) as { readonly message: PartMessage } | undefined)?.message;
}
