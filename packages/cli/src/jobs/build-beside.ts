import type { Context } from "../context.ts";
import { type Board, type BoardWork, withBoard } from "./board.ts";
import { choosePort, type PortWish } from "./choose-port.ts";

interface Beside<B, T> {
  readonly wish: PortWish;
  readonly how: Omit<BoardWork, "url">;
  readonly build: () => Promise<B>;
  /** Begins while the set is built: what touches the board waits for `built`. */
  readonly work: (board: Board, built: Promise<B>) => Promise<T>;
}

/**
 * Builds a set while the port of its board is opened.
 *
 * What is wrong in the files is said before what is wrong with the port, unless the run was called off.
 * @throws those of `build`, {@link choosePort}, {@link withBoard} and `work`
 */
export async function buildBeside<B, T>(ctx: Context, { wish, how, build, work }: Beside<B, T>): Promise<T> {
  let built: Promise<B> | undefined;
  try {
    // Nobody shall plug a board in for a set that is wrong.
    if (ctx.flags.waitPort) await (built = build());
    const url = await choosePort(ctx, wish);
    const building = (built ??= build());
    building.catch(() => {});
    return await withBoard(ctx, { ...how, url }, (board) => work(board, building));
  } catch (error) {
    if (!ctx.signal.aborted) await (built ?? build());
    throw error;
  }
}
