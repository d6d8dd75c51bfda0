/** So many times its length a patience lasts at most on a machine that gives the process no time. */
const starvedTimes = 20;

/** How much of the time a board that computes without end keeps a processor busy, on a machine that lets it. */
const busyShare = 0.7;

/**
 * How long a board may be silent before it is taken to compute without end: so long a time, and so much work of the
 * process in it, since a board that the machine does not let run is silent, too.
 */
export class Patience {
  readonly #quietMs: number;
  #fromMs = 0;
  #fromCpuMs = 0;

  constructor(quietMs: number) {
    this.#quietMs = quietMs;
    this.renew();
  }

  /** Something was heard. */
  renew(): void {
    this.#fromMs = performance.now();
    this.#fromCpuMs = cpuMs();
  }

  get isOver(): boolean {
    const waitedMs = performance.now() - this.#fromMs;
    if (waitedMs < this.#quietMs) return false;
    return cpuMs() - this.#fromCpuMs >= this.#quietMs * busyShare || waitedMs >= this.#quietMs * starvedTimes;
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
