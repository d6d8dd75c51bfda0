import { createHash } from "node:crypto";
import type { VirtualBoard } from "../src/board/virtual-board.ts";
import { createWorld, type World, type WorldOptions } from "../src/world.ts";
import { programText } from "./board-fixture.ts";

/** Boards in one world in virtual time, and what each of them printed. */
export interface WorldFixture extends AsyncDisposable {
  readonly world: World;
  readonly boards: readonly VirtualBoard[];
  /** What a board's programs printed since the last call. */
  take(name: string): string;
  /** A digest of all that happened: events of boards in their order, packets and messages at the broker. */
  digest(): string;
}

/** Starts boards with these programs, by name. */
export async function startWorld(
  programs: Readonly<Record<string, string>>,
  options: Partial<WorldOptions> = {},
): Promise<WorldFixture> {
  const world = await createWorld({ mode: "virtual", ...options });
  const log: string[] = [];
  const printed = new Map<string, string>();
  const boards: VirtualBoard[] = [];
  for (const [name, main] of Object.entries(programs)) {
    const board = await world.addBoard({ name, files: { "main.py": main } });
    board.onEvent((event) => {
      const bytes = event.kind === "console" ? Buffer.from(event.bytes).toString("latin1") : undefined;
      log.push(JSON.stringify([name, { ...event, bytes }]));
      if (bytes !== undefined) printed.set(name, (printed.get(name) ?? "") + bytes);
    });
    boards.push(board);
  }
  await Promise.all(boards.map((board) => board.powerOn()));
  return {
    world,
    boards,
    take(name) {
      const text = printed.get(name) ?? "";
      printed.delete(name);
      return programText(text);
    },
    digest() {
      const { packets, published } = world.net.broker;
      return createHash("sha256")
        .update(JSON.stringify([log, packets, published]))
        .digest("hex");
    },
    [Symbol.asyncDispose]: () => world.close(),
  };
}
