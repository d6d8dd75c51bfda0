import type { LinkListener } from "@espx/proto";

/** Keeps what a link delivers as latin1 text, and waits for it to say something. */
export class Collector implements LinkListener {
  text = "";
  ended: { readonly error: Error | undefined } | undefined;
  #wake = (): void => {};

  chunk(bytes: Uint8Array): void {
    this.text += Buffer.from(bytes).toString("latin1");
    this.#wake();
  }

  closed(error?: Error): void {
    this.ended = { error };
    this.#wake();
  }

  /** Resolves when `condition` holds; rejects after ten seconds. */
  async until(condition: (self: this) => boolean): Promise<void> {
    const deadline = performance.now() + 10_000;
    while (!condition(this)) {
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`waited in vain; got ${JSON.stringify(this.text.slice(-200))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}
