import type { SerialLink, SimSerialOptions } from "@espx/proto";
import { createWorld } from "@espx/sim";
import type { VirtualBoard } from "@espx/sim";
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp, symlink } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * A virtual board in real time behind a pseudo-terminal, which has the rate that its client sets.
 *
 * `path` is a link to it: mpremote waits for the answers of a `/dev/pts/…` otherwise than for those of an adapter, at which it looks
 * every 10 ms.
 */
export interface PtyBoard extends AsyncDisposable {
  readonly path: string;
  /** The same by the terminal's own name, by which mpremote knows that it is none of an adapter. */
  readonly terminal: string;
  readonly board: VirtualBoard;
}

/**
 * What a message waits for on its way, in either direction: a frame of USB. A paced line hands its bytes over in pieces of 4 ms, which
 * is more than a bridge adds.
 */
const latencyMs = { usb: 1, uart: 0 } as const;

const program = fileURLToPath(new URL("pty_line.py", import.meta.url));

/** @param python - any Python 3 */
export async function startPtyBoard(python: string, options: SimSerialOptions): Promise<PtyBoard> {
  const folder = await mkdtemp(join(tmpdir(), "espx-bench-"));
  const world = await createWorld({ mode: "real" });
  const board = await world.addBoard({ name: "bench" });
  await board.powerOn();
  const link = board.openSerial(options);
  const server = createServer((socket) => passOn(socket, link, latencyMs[options.port ?? "uart"]));
  const socketPath = join(folder, "line");
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const keeper = spawn(python, [program, socketPath], { stdio: ["ignore", "pipe", "inherit"] });
  const terminal = await new Promise<string>((resolve, reject) => {
    keeper.stdout.once("data", (text: Buffer) => resolve(text.toString().trim()));
    keeper.once("close", (code) => reject(new Error(`${program} ended with ${code}`)));
  });
  const path = join(folder, "ttyUSB0");
  await symlink(terminal, path);
  return {
    path,
    terminal,
    board,
    async [Symbol.asyncDispose]() {
      keeper.kill();
      server.close();
      await world.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Passes what the terminal's client sends and sets to the board, in its order, and what the board says back. */
function passOn(socket: Socket, link: SerialLink, waitMs: number): void {
  const later = (act: () => void): void => void (waitMs === 0 ? act() : setTimeout(act, waitMs));
  let held: Buffer = Buffer.alloc(0);
  let turn: Promise<void> = Promise.resolve();
  link.listen({
    chunk: (bytes) => later(() => socket.write(bytes)),
    closed: () => socket.destroy(),
  });
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    for (;;) {
      const isRate = held[0] === 0x42;
      const lengthBytes = isRate ? 5 : held.length < 3 ? Infinity : 3 + held.readUInt16LE(1);
      if (held.length < lengthBytes) return;
      const frame = held.subarray(0, lengthBytes);
      held = held.subarray(lengthBytes);
      later(() => {
        turn = turn.then(() => (isRate ? link.setBaud(frame.readUInt32LE(1)) : link.write(frame.subarray(3))));
        turn.catch(() => socket.destroy());
      });
    }
  });
}
