import type { FlashTools } from "./chip-catalogue.ts";
import type { FlashPlan } from "./flash-plan.ts";

/** Compresses the next run while the one before is sent. */
export class DeflateAhead {
  readonly #runs: FlashPlan["runs"];
  readonly #tools: FlashTools;
  #at = 0;
  #ready: Promise<Uint8Array | undefined>;

  constructor({ runs }: FlashPlan, tools: FlashTools) {
    this.#runs = runs;
    this.#tools = tools;
    this.#ready = this.#start();
  }

  async next(): Promise<Uint8Array | undefined> {
    const ready = await this.#ready;
    this.#at++;
    this.#ready = this.#start();
    return ready;
  }

  #start(): Promise<Uint8Array | undefined> {
    const run = this.#runs[this.#at];
    const deflated = run?.kind === "write" ? this.#tools.deflate(run.bytes) : Promise.resolve(undefined);
    // Nobody waits for what was begun when the run before it failed.
    deflated.catch(() => undefined);
    return deflated;
  }
}
