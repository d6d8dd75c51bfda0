import type { WorkerContext } from "../worker/context.ts";
import type { LinkListener } from "./wifi-station.ts";

/** What `LAN.status()` answers. @source MicroPython 1.27, ports/esp32/network_lan.c */
const lanStatus = { initialized: 0, started: 1, stopped: 2, gotIp: 5 } as const;

/** How long a link and an address take; a model, near to what a chip does at a switch. */
const linkMs = 2000;

/** The chip's Ethernet port with a cable in it, whose other end is always there. */
export class LanPort {
  readonly #context: WorkerContext;
  readonly #listener: LinkListener;
  #status: number = lanStatus.initialized;
  #cancel: () => void = () => {};

  constructor(context: WorkerContext, listener: LinkListener) {
    this.#context = context;
    this.#listener = listener;
  }

  get status(): number {
    return this.#status;
  }

  get active(): boolean {
    return this.#status === lanStatus.started || this.connected;
  }

  get connected(): boolean {
    return this.#status === lanStatus.gotIp;
  }

  setActive(active: boolean): void {
    if (active === this.active) return;
    if (active) this.#start();
    else this.#stop();
  }

  #start(): void {
    this.#status = lanStatus.started;
    this.#cancel = this.#context.at(this.#context.now() + linkMs, () => {
      this.#status = lanStatus.gotIp;
      this.#listener.up();
    });
  }

  #stop(): void {
    this.#cancel();
    const wasConnected = this.connected;
    this.#status = lanStatus.stopped;
    if (!wasConnected) return;
    this.#listener.down();
    this.#listener.addressLost();
  }
}
