import { host, Schedule } from "../worker/schedule.ts";
import type { BoardSession, StampedMessage } from "./board-session.ts";
import { ChangeSignal } from "./change-signal.ts";
import { Patience } from "./patience.ts";

/** A board as the turns of its world see it. */
export interface TurnTaker {
  /** The boot that runs now. */
  readonly session: BoardSession | undefined;
  /** When a sleeping board wakes, or a chip without a program starts over, µs; Infinity when neither comes by itself. */
  readonly wakeAtUs: number;
  /** Starts a board that slept, or a chip that starts over. */
  wakeUp(): void;
  /** The watchdog of a board that computes without end resets it. */
  bite(atUs: number): void;
}

/** What runs on the host in virtual time, between the boards: their network. */
export interface HostWork {
  /** When there is something to do next, µs. */
  readonly nextUs: number;
  /** Nothing that one board does reaches another one sooner, µs. */
  readonly lookaheadUs: number;
  run(untilUs: number): void;
}

/** What a board sent. */
interface Mail {
  readonly session: BoardSession;
  readonly message: StampedMessage;
}

/** A board that was found to compute without end is given this long to show that it does not any more. */
const spinningQuietMs = 50;

/**
 * Who has its turn in a world in virtual time. In a round the boards pass the baton among themselves, in the order in
 * which they are due; it ends where the host has to do something, and the host does it alone.
 */
export class WorldTurns {
  readonly schedule: Schedule;
  readonly quietMs: number;
  readonly #work: HostWork;
  readonly #boards: TurnTaker[] = [];
  readonly #busy = new Set<Promise<void>>();
  #changes: Promise<void> = Promise.resolve();
  readonly #bell = new ChangeSignal();
  readonly #roundEnd = new ChangeSignal();
  #handing: Promise<void> | undefined;
  #inRound = false;
  #nowUs = 0;

  /** @param seats - how many boards there may be */
  constructor(seats: number, quietMs: number, work: HostWork) {
    this.schedule = new Schedule(seats);
    this.quietMs = quietMs;
    this.#work = work;
  }

  /** How far the whole world has come. */
  get nowUs(): number {
    return this.#nowUs;
  }

  /** Takes a board in; answers its seat. */
  join(board: TurnTaker): number {
    const seat = this.#boards.push(board) - 1;
    this.schedule.seats = this.#boards.length;
    return seat;
  }

  /** A worker has something to say. */
  ring(): void {
    this.#bell.notify();
  }

  /** Changes what runs when the host has its turn; one change of the world after the other, in the order of asking. */
  change(act: () => Promise<void>): Promise<void> {
    const done = this.#changes.then(() => this.hostTurn()).then(act);
    this.#changes = done.catch(() => {});
    this.keepBusy(this.#changes);
    return done;
  }

  /** Resolves when the host has its turn: at once, or at the next pass. */
  async hostTurn(): Promise<void> {
    while (this.#inRound || this.#handing !== undefined) {
      this.schedule.wantHost();
      await (this.#inRound ? this.#roundEnd.next() : this.#handing);
    }
  }

  /** Acts at once when the host has its turn, else then. */
  inTurn(act: () => void): void {
    if (this.#inRound) void this.change(async () => act());
    else act();
  }

  /** Resolves when all boards have done what they can at this moment, and all of it was heard. */
  async rest(): Promise<void> {
    for (;;) {
      if (this.#inRound) await this.#roundEnd.next();
      else if (this.#handing !== undefined) await this.#handing;
      else if (this.#busy.size > 0) await Promise.all(this.#busy);
      else {
        const running = this.#sessions().filter((session) => !session.isAtRest);
        if (running.length > 0) await Promise.all(running.map((session) => session.atRest(this.quietMs)));
        else if (!(await this.#dispatch())) return;
      }
    }
  }

  /** Runs everything that is due until `targetUs`. */
  async runTo(targetUs: number): Promise<void> {
    await this.#giveChance();
    for (;;) {
      await this.rest();
      if (this.#startDue()) continue;
      this.#work.run(this.#nowUs);
      // Whoever listened may have spoken since.
      if (!this.#isQuiet) continue;
      const { schedule } = this;
      const horizonUs = Math.min(targetUs, this.#work.nextUs, this.#nextStartUs());
      const firstUs = schedule.firstDueUs;
      if (this.#nowUs >= targetUs && Math.min(horizonUs, firstUs) >= targetUs && firstUs > targetUs) return;
      schedule.horizonUs = horizonUs;
      schedule.lookaheadUs = this.#work.lookaheadUs;
      if (firstUs <= horizonUs) {
        await this.#round();
        this.#reach(Math.min(schedule.horizonUs, schedule.firstDueUs));
      } else this.#reach(horizonUs);
    }
  }

  /** The boards wait until `change` is done. */
  keepBusy(change: Promise<void>): void {
    const done = change.finally(() => this.#busy.delete(done));
    this.#busy.add(done);
  }

  #reach(us: number): void {
    this.#nowUs = Math.max(this.#nowUs, us);
  }

  /** The boards run among themselves until the baton comes back. */
  async #round(): Promise<void> {
    const { schedule } = this;
    schedule.beginHostTurn();
    this.#inRound = true;
    schedule.pass(host);
    let progress = schedule.progress;
    const patience = new Patience(this.quietMs);
    while (schedule.holder !== host) {
      await this.#bell.next(this.quietMs);
      if (progress !== schedule.progress) patience.renew();
      else if (patience.isOver) this.#revoke();
      ({ progress } = schedule);
    }
    this.#inRound = false;
    this.#roundEnd.notify();
  }

  /** The holder does not look at the clock: the others go on without it. */
  #revoke(): void {
    const { holder } = this.schedule;
    if (holder !== host) this.schedule.revoke(holder);
  }

  async #giveChance(): Promise<void> {
    const spinning = this.#sessions().filter(({ control }) => control.spins);
    await Promise.all(spinning.map((session) => session.listen(spinningQuietMs)));
  }

  /** Boards that wake from sleep, or whose watchdog bites while they compute without end. */
  #startDue(): boolean {
    let any = false;
    for (const board of this.#boards) {
      if (board.wakeAtUs <= this.#nowUs) board.wakeUp();
      else if (watchdogUs(board) <= this.#nowUs) board.bite(watchdogUs(board));
      else continue;
      any = true;
    }
    return any;
  }

  #nextStartUs(): number {
    let nextUs = Infinity;
    for (const board of this.#boards) nextUs = Math.min(nextUs, board.wakeAtUs, watchdogUs(board));
    return nextUs;
  }

  get #isQuiet(): boolean {
    return (
      this.#handing === undefined && this.#busy.size === 0 && this.#sessions().every((session) => session.isAtRest)
    );
  }

  #sessions(): BoardSession[] {
    return this.#boards.flatMap(({ session }) => session ?? []);
  }

  /** Hands out what the boards sent, in the order of its time and of their seats; false when there was nothing. */
  #dispatch(): Promise<boolean> | boolean {
    const mail: Mail[] = [];
    for (const session of this.#sessions()) {
      for (const message of session.collect()) mail.push({ session, message });
    }
    if (mail.length === 0) return false;
    mail.sort((a, b) => a.message.atMs - b.message.atMs);
    const done = this.#handOut(mail).finally(() => (this.#handing = undefined));
    this.#handing = done;
    return done.then(() => true);
  }

  /** Who listens to a console may answer it, or listen otherwise, before the next piece comes. */
  async #handOut(mail: readonly Mail[]): Promise<void> {
    for (const { session, message } of mail) {
      session.take(message);
      if (message.type === "serial-out") await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** When the watchdog of a board that computes without end is due, µs. */
function watchdogUs({ session }: TurnTaker): number {
  return session?.control.spins === true ? (session.control.watchdogUs ?? Infinity) : Infinity;
}
