import type { LinkListener } from "./wifi-station.ts";

/** Joins the interfaces of a board: it is on the network while one of them is. */
export class Uplinks {
  readonly #network: LinkListener;
  readonly #up = new Set<string>();

  constructor(network: LinkListener) {
    this.#network = network;
  }

  /** What the interface of that name tells. */
  of(name: string): LinkListener {
    return {
      up: () => {
        const first = this.#up.size === 0;
        this.#up.add(name);
        if (first) this.#network.up();
      },
      down: () => {
        if (this.#up.delete(name) && this.#up.size === 0) this.#network.down();
      },
      addressLost: () => {
        if (this.#up.size === 0) this.#network.addressLost();
      },
    };
  }
}
