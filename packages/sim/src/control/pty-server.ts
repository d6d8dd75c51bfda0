import { isEspxError, NotFoundError, type SerialLink } from "@espx/proto";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import type { Server, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { SerialClaim, SerialGate } from "./serial-gate.ts";
import { chunksOf, closeServer, endSide, listenOn, unreadMaxBytes } from "./socket-server.ts";

/** How often socat looks whether a client has opened the terminal. */
const lookS = 0.02;

const startTimeoutMs = 3_000;

/** Runs socat until its own end, or that of this process: then its standard input ends. */
const guarded = 'socat "$@" & read -r _; kill $! 2>/dev/null; wait $!';

/** Where the terminal of a board is, and how socat reaches this process. */
export interface PtyPlace {
  readonly name: string;
  /** Symbolic link to the terminal that is open for the next client. */
  readonly linkPath: string;
  readonly socketPath: string;
}

/**
 * A board's serial port as a pseudo-terminal, kept by the program `socat`: one terminal a client, the next one ready when a client
 * leaves, all under one symbolic link.
 *
 * Such a terminal has no modem lines and no speed: a client cannot reset the board through it.
 */
export class PtyServer {
  readonly path: string;
  readonly #place: PtyPlace;
  readonly #gate: SerialGate;
  readonly #keepers = new Set<ChildProcess>();
  #listening: { readonly server: Server; readonly sockets: Set<Socket> } | undefined;
  #made = 0;
  #closed = false;

  private constructor(gate: SerialGate, place: PtyPlace) {
    this.path = place.linkPath;
    this.#gate = gate;
    this.#place = place;
  }

  /**
   * @throws NotFoundError `sim/socat-missing`
   * @throws LinkError `sim/socket-unusable`
   */
  static async open(gate: SerialGate, place: PtyPlace): Promise<PtyServer> {
    if (spawnSync("socat", ["-V"], { stdio: "ignore" }).status !== 0) throw socatMissing("it is not installed");
    const server = new PtyServer(gate, place);
    try {
      await server.#start();
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  /** Takes the terminal away from whoever has it. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const keeper of this.#keepers) keeper.stdin?.end();
    rmSync(this.#place.linkPath, { force: true });
    if (this.#listening !== undefined) await closeServer(this.#listening.server, this.#listening.sockets);
    await Promise.all([...this.#keepers].map(ended));
  }

  async #start(): Promise<void> {
    const { socketPath: path } = this.#place;
    this.#listening = await listenOn({ path }, (socket) => void this.#serve(socket));
    this.#publish(await this.#newTerminal());
  }

  async #serve(socket: Socket): Promise<void> {
    const next = this.#newTerminal().catch(() => undefined);
    try {
      await serveClient(socket, this.#gate, this.path);
    } finally {
      const terminal = await next;
      if (!this.#closed && terminal !== undefined) this.#publish(terminal);
    }
  }

  /** Has socat make a terminal that waits for its client; answers its device. */
  async #newTerminal(): Promise<string> {
    const link = `${this.#place.linkPath}.${process.pid}.${this.#made++}`;
    const terminal = `PTY,link=${link},unlink-close=0,rawer,wait-slave,pty-interval=${lookS}`;
    const stdio = ["pipe", "ignore", "ignore"] as const;
    const keeper = spawn("sh", ["-c", guarded, "sh", terminal, `UNIX-CONNECT:${this.#place.socketPath}`], {
      stdio: [...stdio],
    });
    this.#keepers.add(keeper);
    keeper.once("close", () => this.#keepers.delete(keeper));
    keeper.once("error", () => this.#keepers.delete(keeper));
    try {
      return await deviceAt(link);
    } finally {
      rmSync(link, { force: true });
    }
  }

  /** A rename, so that the link leads somewhere at every moment. */
  #publish(device: string): void {
    const draft = `${this.#place.linkPath}.${process.pid}`;
    rmSync(draft, { force: true });
    symlinkSync(device, draft);
    renameSync(draft, this.#place.linkPath);
  }
}

async function serveClient(socket: Socket, gate: SerialGate, path: string): Promise<void> {
  let claim: SerialClaim;
  try {
    claim = gate.claim({ command: `a client of ${path}` }, { rateless: true });
  } catch (error) {
    socket.end(`\r\n${isEspxError(error) ? error.message : `${path} cannot be used`}\r\n`);
    socket.resume();
    return;
  }
  try {
    passOutput(claim.link, socket);
    for await (const chunk of chunksOf(socket)) await claim.link.write(chunk);
  } catch {
    // The connection or the board's link broke: the client sees its terminal end.
  } finally {
    await claim.release();
    endSide(socket);
  }
}

function passOutput(link: SerialLink, socket: Socket): void {
  link.listen({
    chunk: (bytes) => {
      if (socket.writableLength < unreadMaxBytes) socket.write(bytes);
    },
    closed: () => socket.destroy(),
  });
}

async function deviceAt(link: string): Promise<string> {
  for (const deadlineMs = performance.now() + startTimeoutMs; ; await sleep(5)) {
    try {
      return readlinkSync(link);
    } catch (cause) {
      if (performance.now() > deadlineMs) throw socatMissing(`it made no terminal within ${startTimeoutMs} ms`, cause);
    }
  }
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once("close", () => resolve()));
}

function socatMissing(why: string, cause?: unknown): NotFoundError {
  return new NotFoundError("sim/socat-missing", `a pseudo-terminal needs the program socat: ${why}`, {
    hint: "install it (apt-get install socat, brew install socat), or leave --pty out and use the rfc2217:// address",
    cause,
  });
}
