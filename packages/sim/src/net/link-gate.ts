/**
 * Holds what crosses the air while the link is down, in both directions and in order: what TCP repeats until the
 * link is back.
 */
export class LinkGate {
  #isOpen = false;
  #held: (() => void)[] = [];

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Runs `action` now, or when the link is back. */
  pass(action: () => void): void {
    if (this.#isOpen) action();
    else this.#held.push(action);
  }

  open(): void {
    this.#isOpen = true;
    const held = this.#held;
    this.#held = [];
    for (const action of held) this.pass(action);
  }

  shut(): void {
    this.#isOpen = false;
  }

  /** Nothing that was held will ever cross. */
  forget(): void {
    this.#held = [];
  }
}
