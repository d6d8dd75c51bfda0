import type { EventQueue } from "./event-queue.ts";
import type { StreamEnd } from "./stream-end.ts";
import type { Transit } from "./transit.ts";

/** What streams move in. */
export interface StreamMedium {
  readonly queue: EventQueue;
  readonly transit: Transit;
}

/** The way of one direction of a stream: in order, however late a segment is. */
class Lane {
  lastMs = 0;
  isBlocked = false;
  waiting: (() => void)[] = [];
}

/** A stream between two ends: what one sends arrives at the other in order, late or very late, but whole. */
export class Stream {
  readonly #medium: StreamMedium;
  readonly #lanes = new Map<StreamEnd, { readonly to: StreamEnd; readonly lane: Lane }>();
  #isReset = false;

  constructor(medium: StreamMedium, a: StreamEnd, b: StreamEnd) {
    this.#medium = medium;
    this.#lanes.set(a, { to: b, lane: new Lane() });
    this.#lanes.set(b, { to: a, lane: new Lane() });
  }

  /** Sends bytes from one end to the other. */
  send(from: StreamEnd, bytes: Uint8Array): void {
    this.#carry(from, (to) => {
      if (to.isGone) return this.#refuse(from);
      to.receive(bytes);
      to.whenRoom(() => this.#after(() => from.taken(bytes.length)));
    });
  }

  /** One end closed: the other hears of it after all that was sent. */
  close(from: StreamEnd): void {
    this.#carry(from, (to) => to.ended());
  }

  /** The power of one end went: a server there notices at once, a board never. */
  cut(from: StreamEnd): void {
    const to = this.#lanes.get(from)?.to;
    if (to?.seesPower === true) to.ended();
  }

  /** The other end is gone: the sender is told, or waits in vain. */
  #refuse(from: StreamEnd): void {
    if (this.#isReset) return;
    this.#isReset = true;
    this.#after(() => from.wasReset());
  }

  #carry(from: StreamEnd, arrive: (to: StreamEnd) => void): void {
    const way = this.#lanes.get(from);
    if (way === undefined) return;
    const { to, lane } = way;
    const act = (): void => arrive(to);
    if (lane.isBlocked) lane.waiting.push(act);
    else this.#try(from.name, to.name, lane, act, 0);
  }

  #try(from: string, to: string, lane: Lane, act: () => void, tries: number): void {
    const { queue, transit } = this.#medium;
    if (!transit.reaches(from, to) || transit.isLost()) {
      lane.isBlocked = true;
      queue.at(queue.now() + transit.retryMs(tries), () => this.#try(from, to, lane, act, tries + 1));
      return;
    }
    lane.lastMs = Math.max(lane.lastMs, queue.now() + transit.delayMs());
    queue.at(lane.lastMs, act);
    lane.isBlocked = false;
    const waiting = lane.waiting.splice(0);
    for (const [index, next] of waiting.entries()) {
      this.#try(from, to, lane, next, 0);
      if (!lane.isBlocked) continue;
      lane.waiting.push(...waiting.slice(index + 1));
      return;
    }
  }

  #after(act: () => void): void {
    const { queue, transit } = this.#medium;
    queue.at(queue.now() + transit.delayMs(), act);
  }
}
