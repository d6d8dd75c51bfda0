import { formatLatin1 } from "@espx/proto";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { VirtualBoardOptions } from "../../src/board/board-options.ts";
import type { VirtualBoard } from "../../src/board/virtual-board.ts";
import { createWorld, type World } from "../../src/world.ts";

/** A board in real time, and all that its console said. */
export class ChipFixture implements AsyncDisposable {
  readonly world: World;
  readonly board: VirtualBoard;
  #printed = "";
  #heard: () => void = () => {};

  private constructor(world: World, board: VirtualBoard) {
    this.world = world;
    this.board = board;
    board.onEvent((event) => {
      if (event.kind === "console") this.#printed += formatLatin1(event.bytes);
      this.#heard();
    });
  }

  static async start(options: Partial<VirtualBoardOptions> = {}): Promise<ChipFixture> {
    const world = await createWorld({ mode: "real" });
    const board = await world.addBoard({ name: "board", ...options });
    return new ChipFixture(world, board);
  }

  /** What was printed since the last call. */
  take(): string {
    const taken = this.#printed;
    this.#printed = "";
    return taken;
  }

  async waitFor(text: string): Promise<string> {
    while (!this.#printed.includes(text)) await new Promise<void>((resolve) => (this.#heard = resolve));
    return this.take();
  }

  /** Presses BOOT and EN: the serial loader waits. */
  async enterDownload(): Promise<void> {
    await this.restart(0);
  }

  /** Lets BOOT go and presses EN: the chip starts what is in its flash. */
  async startFlash(): Promise<void> {
    await this.restart(1);
  }

  async restart(bootPin: 0 | 1): Promise<void> {
    this.board.setPin(this.board.chip.model.bootPin, bootPin);
    await this.board.powerOn();
    await this.board.reset();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.world.close();
  }
}

/** A board's serial port as a pseudo-terminal of socat. */
export class PseudoTerminal implements AsyncDisposable {
  readonly folder: string;
  readonly path: string;
  readonly #server: Server;
  readonly #program: ChildProcess;
  readonly #socket: Socket;

  private constructor(folder: string, server: Server, program: ChildProcess, socket: Socket) {
    this.folder = folder;
    this.path = join(folder, "tty");
    this.#server = server;
    this.#program = program;
    this.#socket = socket;
  }

  static async open(board: VirtualBoard): Promise<PseudoTerminal> {
    const folder = mkdtempSync(join(tmpdir(), "espx-chip-"));
    const server = createServer();
    server.listen(join(folder, "board"));
    await once(server, "listening");
    const connected = once(server, "connection");
    const options = [`PTY,link=${join(folder, "tty")},raw,echo=0`, `UNIX-CONNECT:${join(folder, "board")}`];
    const program = spawn("socat", options, { stdio: "ignore" });
    const [socket] = (await connected) as [Socket];
    for (let tries = 0; !existsSync(join(folder, "tty")) && tries < 100; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const link = board.openSerial({ rateless: true });
    socket.on("data", (bytes: Buffer) => void link.write(bytes));
    socket.on("error", () => {});
    link.listen({ chunk: (bytes) => void socket.write(bytes), closed: () => {} });
    return new PseudoTerminal(folder, server, program, socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    this.#server.close();
    if (this.#program.exitCode === null && this.#program.signalCode === null) {
      this.#program.kill();
      await once(this.#program, "exit");
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** How a run of a program ended. */
export interface Outcome {
  readonly code: number | null;
  readonly text: string;
}

/** Runs esptool of that Python to its end. */
export async function runEsptool(python: string, args: readonly string[]): Promise<Outcome> {
  const program = spawn(python, ["-m", "esptool", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  program.stdout.on("data", (bytes: Buffer) => (text += bytes.toString()));
  program.stderr.on("data", (bytes: Buffer) => (text += bytes.toString()));
  const [code] = (await once(program, "close")) as [number | null];
  return { code, text };
}
