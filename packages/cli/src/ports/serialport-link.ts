import {
  LinkError,
  type LinkListener,
  LinkListeners,
  type LinkTraits,
  type PortInfo,
  type SerialLink,
  type Signals,
} from "@espx/proto";
import type { SerialPort } from "serialport";
import { watchDevice } from "./device-watch.ts";
import { linkTraits } from "./known-adapters.ts";
import { withTurns } from "./serialport-waits.ts";

/** Where a board may have gone when its USB device was reset: how long to look, and how often. */
const reopenTimeoutMs = 10_000;
const reopenPauseMs = 100;

/** Bits of a byte on the line. */
const frameBits = 10;

/** What the system may hold of what was written. */
const systemBytes = 8192;

/** What a {@link SerialPortLink} needs of the world. */
export interface SerialPortWorld {
  /** Opens a port without a listener; throws errors of espx. */
  openRaw(path: string, baudRate: number): Promise<SerialPort>;
  /** The device file behind a path that may be a link to it. */
  realPath(path: string): string;
  list(): Promise<readonly PortInfo[]>;
  /** How long bytes may wait beyond the time that the line takes for them. */
  readonly stuckMs: number;
}

/** A serial port of this machine as a {@link SerialLink}. */
export class SerialPortLink implements SerialLink {
  readonly url: string;
  readonly traits: LinkTraits;
  readonly #world: SerialPortWorld;
  readonly #info: PortInfo | undefined;
  readonly #listeners: LinkListeners;
  #port: SerialPort;
  #stopWatching = (): void => {};
  #baudRate: number;

  private constructor(
    url: string,
    options: { world: SerialPortWorld; info: PortInfo | undefined; port: SerialPort; baudRate: number },
  ) {
    this.url = url;
    this.#world = options.world;
    this.#info = options.info;
    this.#port = options.port;
    this.#baudRate = options.baudRate;
    this.traits = linkTraits(options.info?.vendorId, options.info?.productId);
    this.#listeners = new LinkListeners(url);
  }

  /** Opens the port and puts its modem lines where no board minds them. */
  static async open(world: SerialPortWorld, url: string, baudRate: number): Promise<SerialPortLink> {
    const info = (await world.list()).find((port) => port.url === world.realPath(url));
    const port = await world.openRaw(url, baudRate);
    const link = new SerialPortLink(url, { world, info, port, baudRate });
    await link.#adopt(port);
    return link;
  }

  listen(listener: LinkListener): () => void {
    return this.#listeners.listen(listener);
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#listeners.assertOpen();
    const port = this.#port;
    if (port.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))) return;
    await new Promise<void>((resolve) => {
      const proceed = (): void => {
        port.off("drain", proceed);
        port.off("close", proceed);
        resolve();
      };
      port.on("drain", proceed);
      port.on("close", proceed);
    });
    this.#listeners.assertOpen();
  }

  async drain(): Promise<void> {
    const lineMs = ((this.#port.writableLength + systemBytes) * frameBits * 1000) / this.#baudRate;
    await this.#call((port, done) => port.drain(done), lineMs + this.#world.stuckMs);
  }

  async setSignals({ dtr, rts }: Signals): Promise<boolean> {
    try {
      // The binding takes a line that is not given as on, so both are given, always.
      await this.#call((port, done) => port.set({ dtr, rts }, done));
      return true;
    } catch (error) {
      if (isNoModem(error)) return false;
      throw error;
    }
  }

  async setBaud(baudRate: number): Promise<void> {
    await this.drain();
    try {
      await this.#call((port, done) => port.update({ baudRate }, done));
    } catch (cause) {
      this.#listeners.assertOpen();
      throw new LinkError("port/setting-refused", `${this.url} does not take ${baudRate} baud`, { cause });
    }
    this.#baudRate = baudRate;
  }

  async reopen(): Promise<void> {
    this.#listeners.assertOpen();
    const old = this.#port;
    this.#stopWatching();
    old.removeAllListeners("close");
    await closePort(old);
    try {
      await this.#adopt(await this.#openAgain());
    } catch (error) {
      this.#listeners.close(error as Error);
      throw error;
    }
  }

  async close(): Promise<void> {
    if (!this.#listeners.open) return;
    this.#stopWatching();
    this.#listeners.close();
    await closePort(this.#port);
  }

  async #adopt(port: SerialPort): Promise<void> {
    this.#port = port;
    port.on("data", (chunk: Buffer) => this.#listeners.chunk(chunk));
    // An error is followed by `close` when it is the end; as long as nobody listens it would end the process.
    port.on("error", (error: Error) => this.#lost(error));
    port.on("close", (error: Error | null) => this.#lost(error ?? undefined));
    this.#stopWatching = watchDevice(port.path, () => {
      this.#lost(new Error("the device is gone"));
      void closePort(port);
    });
    // On native USB, DTR says that somebody is there: without it the chip keeps its output. On a bridge it pulls boot.
    await this.setSignals({ dtr: this.traits.kind !== "uart", rts: false });
  }

  async #openAgain(): Promise<SerialPort> {
    const deadline = performance.now() + reopenTimeoutMs;
    for (;;) {
      try {
        return await this.#world.openRaw(await this.#findAgain(), this.#baudRate);
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, reopenPauseMs));
      }
    }
  }

  /** A board that was reset may come back under another name, but with its serial number. */
  async #findAgain(): Promise<string> {
    const wanted = this.#info;
    if (wanted?.serialNumber === undefined) return this.url;
    const same = (await this.#world.list()).find(
      (port) => port.serialNumber === wanted.serialNumber && port.vendorId === wanted.vendorId,
    );
    return same?.url ?? this.url;
  }

  #lost(cause: Error | undefined): void {
    this.#stopWatching();
    const why = cause?.message ?? "the port was closed";
    this.#listeners.close(
      new LinkError("link/lost", `${this.url} was lost: ${why}`, { hint: "is it still plugged in?", cause }),
    );
  }

  /** @throws LinkError `port/stuck` when the binding is not done within `limitMs` */
  async #call(
    action: (port: SerialPort, done: (error: Error | null) => void) => void,
    limitMs?: number,
  ): Promise<void> {
    this.#listeners.assertOpen();
    let timer: NodeJS.Timeout | undefined;
    const done = new Promise<void>((resolve, reject) => {
      if (limitMs !== undefined) timer = setTimeout(() => reject(stuck(this.url)), limitMs);
      action(this.#port, (error) => (error instanceof Error ? reject(error) : resolve()));
    });
    try {
      await withTurns(() => done);
    } finally {
      clearTimeout(timer);
    }
  }
}

function stuck(url: string): LinkError {
  return new LinkError("port/stuck", `${url} takes no bytes: what was sent to it waits`, {
    hint: "the board or its adapter has hung: unplug it and plug it in again",
  });
}

function closePort(port: SerialPort): Promise<void> {
  return withTurns(
    () =>
      new Promise((resolve) => {
        if (port.isOpen) port.close(() => resolve());
        else resolve();
      }),
  );
}

/** A pseudo-terminal has no modem lines: ENOTTY, or EINVAL on some systems. */
function isNoModem(error: unknown): boolean {
  return error instanceof Error && /ENOTTY|Inappropriate ioctl|Invalid argument/i.test(error.message);
}
