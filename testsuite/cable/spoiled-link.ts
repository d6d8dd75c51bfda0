import type { LinkListener, LinkTraits, SerialLink, Signals } from "@espx/proto";

/** What becomes of a byte on its way; undefined: it is lost. `at` counts the bytes of that direction. */
export type Spoil = (byte: number, at: number) => number | undefined;

/** A link that damages some of what it carries. */
export class SpoiledLink implements SerialLink {
  readonly url: string;
  readonly traits: LinkTraits;
  /** Rates that were set. */
  readonly rates: number[] = [];
  toBoard: Spoil = (byte) => byte;
  toHost: Spoil = (byte) => byte;
  sentBytes = 0;
  /** Requests that never reach the board: what is answered in its place, as text. */
  readonly answers = new Map<string, string>();
  /** Told after each write how much has been sent. */
  onSent: (sentBytes: number) => void = () => {};
  receivedBytes = 0;
  readonly #inner: SerialLink;
  #listener: LinkListener | undefined;
  #lost: Error | undefined;

  constructor(inner: SerialLink, traits: Partial<LinkTraits> = {}) {
    this.#inner = inner;
    this.url = inner.url;
    this.traits = { ...inner.traits, ...traits };
  }

  listen(listener: LinkListener): () => void {
    this.#listener = listener;
    return this.#inner.listen({
      chunk: (bytes) => {
        const kept = spoil(bytes, this.toHost, this.receivedBytes);
        this.receivedBytes += bytes.length;
        if (kept.length > 0) listener.chunk(kept);
      },
      closed: (error) => listener.closed(error),
    });
  }

  async write(bytes: Uint8Array): Promise<void> {
    const kept = spoil(bytes, this.toBoard, this.sentBytes);
    this.sentBytes += bytes.length;
    if (this.#lost !== undefined) throw this.#lost;
    const answer = this.answers.get(new TextDecoder().decode(bytes));
    if (answer !== undefined) return this.#listener?.chunk(new TextEncoder().encode(answer));
    await this.#inner.write(kept);
    this.onSent(this.sentBytes);
  }

  /** The cable is pulled: every call fails from now on, and nothing comes any more. */
  lose(error: Error): void {
    this.#lost = error;
    this.toBoard = () => undefined;
    this.toHost = () => undefined;
    this.#listener?.closed(error);
  }

  drain(): Promise<void> {
    return this.#inner.drain();
  }

  setSignals(signals: Signals): Promise<boolean> {
    return this.#inner.setSignals(signals);
  }

  setBaud(baudRate: number): Promise<void> {
    this.rates.push(baudRate);
    return this.#inner.setBaud(baudRate);
  }

  reopen(): Promise<void> {
    return this.#inner.reopen();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

function spoil(bytes: Uint8Array, how: Spoil, from: number): Uint8Array {
  return Uint8Array.from(
    Array.from(bytes, (byte, index) => how(byte, from + index)).filter((byte) => byte !== undefined),
  );
}
