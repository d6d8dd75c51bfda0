import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SimBoard, SimSession } from "@espx/proto";
import { pythonWith } from "../../../testsuite/python.ts";
import { simControl } from "../src/ports/sim-control.ts";
import { run, type RunOptions, type RunResult } from "./_run.ts";

/** Boards at `sim:NAME` ports, as another terminal would run them, and a user of their own. */
export interface SimBoards extends AsyncDisposable {
  readonly session: SimSession;
  /** A folder to work in. */
  readonly folder: string;
  /** Where that user's simulators, state and cache are. */
  readonly env: SimBoardsEnv;
  board(name: string): SimBoard;
  /** Runs a verb as that user. */
  espx(argv: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Runs the real esptool on a board that is held in its loader for it, over a pseudo-terminal. */
  esptool(name: string, ...argv: readonly string[]): Promise<{ readonly code: number | null; readonly text: string }>;
}

type SimBoardsEnv = Readonly<Record<"ESPX_RUNTIME_DIR" | "ESPX_STATE_DIR" | "ESPX_CACHE_DIR", string>>;

/** What the boards are. */
interface SimBoardOptions {
  /** Of the user whose boards these are; a user of their own unless given. */
  readonly env?: SimBoardsEnv;
  /** As `espx sim --line-baud`. */
  readonly baudRate?: number;
  /** Makes {@link SimBoards.esptool} possible; needs socat. */
  readonly pty?: boolean;
  readonly chip?: string;
  readonly blank?: boolean;
}

export async function startSimBoards(
  names: readonly string[],
  { env: givenEnv, ...options }: SimBoardOptions = {},
): Promise<SimBoards> {
  const root = mkdtempSync(join(tmpdir(), "ef-"));
  const env = givenEnv ?? {
    ESPX_RUNTIME_DIR: join(root, "run"),
    ESPX_STATE_DIR: join(root, "state"),
    ESPX_CACHE_DIR: join(root, "cache"),
  };
  const session = await simControl(env).start({
    names,
    fresh: true,
    stateFolder: undefined,
    brokerUrl: "mqtt://127.0.0.1:1",
    ...options,
  });
  const board = (name: string): SimBoard => {
    const found = session.world.boards().find((each) => each.name === name);
    if (found === undefined) throw new Error(`there is no board ${name}`);
    return found;
  };
  return {
    session,
    folder: root,
    env,
    board,
    espx: (argv, runOptions = {}) => run(argv, { cwd: root, ...runOptions, env: { ...env, ...runOptions.env } }),
    async esptool(name, ...argv) {
      const tty = session.boards.find((each) => each.name === name)?.urls.find((url) => url.startsWith("/")) ?? "";
      const bootPin = options.chip === "esp32c3" ? 9 : 0;
      await restart(board(name), bootPin, 0);
      const outcome = await esptool(["--port", tty, "--before", "no-reset", "--after", "no-reset", ...argv], root);
      await restart(board(name), bootPin, 1);
      return outcome;
    },
    async [Symbol.asyncDispose]() {
      await session.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** Lets a board start with its boot pin at a level: low is the loader in ROM. */
async function restart(board: SimBoard, bootPin: number, level: 0 | 1): Promise<void> {
  board.setPin(bootPin, level);
  await board.powerOff();
  await board.powerOn();
}

function esptool(
  argv: readonly string[],
  cwd: string,
): Promise<{ readonly code: number | null; readonly text: string }> {
  const program = spawn(pythonWith("esptool") as string, ["-m", "esptool", ...argv], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, COLUMNS: "200" },
  });
  let text = "";
  program.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  program.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return new Promise((resolve) => program.once("close", (code) => resolve({ code, text })));
}
