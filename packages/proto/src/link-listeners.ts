import { LinkError } from "./errors.ts";
import type { LinkListener } from "./link.ts";

/**
 * The receiving side of a {@link SerialLink}: who listens, and whether the link is still there.
 *
 * Made for implementations of links, so that each treats the end of a link alike.
 */
export class LinkListeners {
  readonly #url: string;
  readonly #listeners = new Set<LinkListener>();
  #end: { readonly error: Error | undefined } | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  get open(): boolean {
    return this.#end === undefined;
  }

  /** @throws LinkError `link/lost` when the link is gone */
  assertOpen(): void {
    if (this.#end === undefined) return;
    const why = this.#end.error?.message ?? "it was closed here";
    throw new LinkError("link/lost", `${this.#url} is not open any more: ${why}`, { cause: this.#end.error });
  }

  /** @throws LinkError `link/lost` when the link is gone */
  listen(listener: LinkListener): () => void {
    this.assertOpen();
    // A listener may be added twice and each time be taken off by itself, so the set holds a wrapper.
    const entry: LinkListener = { chunk: (bytes) => listener.chunk(bytes), closed: (error) => listener.closed(error) };
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  chunk(bytes: Uint8Array): void {
    for (const listener of this.#listeners) listener.chunk(bytes);
  }

  /** Marks the link as gone and tells everybody, once. */
  close(error?: Error): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener.closed(error);
  }
}
