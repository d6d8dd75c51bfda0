import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PortInfo, SimBoard } from "@espx/proto";
import type { VirtualBoardOptions } from "../../sim/src/board/board-options.ts";
import { createWorld, type World } from "../../sim/src/world.ts";
import type { Terminal } from "../src/context.ts";
import { firmwareFile } from "./_firmware.ts";
import { run, type RunOptions, type RunResult, tempFolder } from "./_run.ts";

/** The ports of four boards, in the order in which they are listed. */
export const boardNames = ["ash", "beech", "cedar", "dogwood"] as const;

/** Four boards at `sim:NAME`, two ports with something else, a folder with `firmware.bin`, and a note of every port that was opened. */
export class FlashBoards implements AsyncDisposable {
  readonly folder: string;
  readonly opened: string[] = [];
  readonly boards = new Map<string, SimBoard>();
  readonly #world: World;
  readonly #removeFolder: () => Promise<void>;

  private constructor(world: World, folder: Awaited<ReturnType<typeof tempFolder>>) {
    this.#world = world;
    this.folder = folder.path;
    this.#removeFolder = async () => folder[Symbol.asyncDispose]();
  }

  /** Blank boards; what is said of one makes it another. */
  static async start(changes: Readonly<Record<string, Partial<VirtualBoardOptions>>> = {}): Promise<FlashBoards> {
    const folder = await tempFolder({ "espx.yaml": "" });
    writeFileSync(join(folder.path, "firmware.bin"), firmwareFile("esp32"));
    const world = await createWorld({ mode: "real" });
    const fixture = new FlashBoards(world, folder);
    for (const name of boardNames) {
      const board = await world.addBoard({ name, blank: true, ...changes[name] });
      fixture.boards.set(`sim:${name}`, board);
      await board.powerOn();
    }
    return fixture;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#world.close();
    await this.#removeFolder();
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Runs `espx flash`, which meets these ports and no others. */
  flash(argv: readonly string[], { env, ...options }: RunOptions = {}): Promise<RunResult> {
    return run(["flash", ...argv], {
      cwd: this.folder,
      env: { ESPX_STATE_DIR: this.path("state"), ESPX_CACHE_DIR: this.path("cache"), ...env },
      outside: {
        listPorts: () => Promise.resolve(this.#ports()),
        openPort: (url) => {
          this.opened.push(url);
          const board = this.boards.get(url);
          if (board === undefined) throw new Error(`${url} was opened`);
          return Promise.resolve(board.openSerial());
        },
      },
      ...options,
    });
  }

  #ports(): readonly PortInfo[] {
    const mine = [...this.boards.keys()].map((url) => ({ url, description: "virtual board", known: true }));
    const strangers = ["/dev/ttyS0", "/dev/ttyACM7"].map((url) => ({
      url,
      description: "something else",
      known: false,
    }));
    return [...strangers, ...mine];
  }
}

/** A person who answers every question alike. */
export const answering = (answer: string, asked: string[]): Terminal => ({
  interactive: true,
  input: process.stdin,
  ask: (question) => {
    asked.push(question);
    return Promise.resolve(answer);
  },
});
