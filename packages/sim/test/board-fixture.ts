import { formatLatin1 } from "@espx/proto";
import { readdir, readFile } from "node:fs/promises";
import type { SerialLink, SimEvent } from "@espx/proto";
import type { VirtualBoardOptions } from "../src/board/board-options.ts";
import type { VirtualBoard } from "../src/board/virtual-board.ts";
import { createWorld, type World, type WorldOptions } from "../src/world.ts";

/** A board with power, and everything that it said. */
export interface BoardFixture extends AsyncDisposable {
  readonly world: World;
  readonly board: VirtualBoard;
  readonly link: SerialLink;
  readonly events: readonly SimEvent[];
  /** What the console printed since the last call of `take`, one character a byte. */
  take(): string;
  /** Sends to the console; one character a byte. */
  type(text: string): Promise<void>;
  /** Virtual time: sends, lets time pass, and takes what was printed. */
  ask(text: string, ms?: number): Promise<string>;
  /** Real time: waits until what was printed since `take` contains one of the texts. */
  waitFor(...texts: string[]): Promise<void>;
}

export interface FixtureOptions extends Partial<WorldOptions>, Omit<Partial<VirtualBoardOptions>, "files"> {
  readonly files?: Readonly<Record<string, Uint8Array | string>>;
  /** `main.py`. */
  readonly main?: string;
}

/** Starts a board, in virtual time unless told otherwise. */
export async function startBoard(options: FixtureOptions = {}): Promise<BoardFixture> {
  const { mode = "virtual", main, files = {}, seed, quietMs, assets, ...rest } = options;
  const world = await createWorld({
    mode,
    ...(seed !== undefined && { seed }),
    ...(quietMs !== undefined && { quietMs }),
    ...(assets !== undefined && { assets }),
  });
  const all = { ...files, ...(main !== undefined && { "main.py": main }) };
  const board = await world.addBoard({ name: "board", ...rest, files: all });
  const events: SimEvent[] = [];
  let printed = "";
  let heard: () => void = () => {};
  board.onEvent((event) => {
    events.push(event);
    if (event.kind === "console") printed += formatLatin1(event.bytes);
    heard();
  });
  const link = board.openSerial();
  const fixture: BoardFixture = {
    world,
    board,
    link,
    events,
    take() {
      const taken = printed;
      printed = "";
      return taken;
    },
    type: (text) => link.write(Uint8Array.from(text, (char) => char.charCodeAt(0))),
    async ask(text, ms = 10) {
      await fixture.type(text);
      await world.advance(ms);
      return fixture.take();
    },
    async waitFor(...texts) {
      while (!texts.some((text) => printed.includes(text))) await new Promise<void>((resolve) => (heard = resolve));
    },
    [Symbol.asyncDispose]: () => world.close(),
  };
  await board.powerOn();
  return fixture;
}

/** What a program of a virtual board prints within `ms`, without the texts of ROM and prompt. */
export async function outputOf(main: string, options: FixtureOptions & { readonly ms?: number } = {}): Promise<string> {
  const { ms = 0, ...rest } = options;
  await using fixture = await startBoard({ ...rest, main });
  await fixture.world.advance(ms);
  return programText(fixture.take());
}

/** Console text without what ROM, boot loader and prompt print. */
export function programText(text: string): string {
  return text.replaceAll(/ets Jul[^]*?entry \w+\r\n/g, "").replaceAll(/MicroPython v[^]*?>>> /g, "");
}

/** Names of all host calls, which a program cannot list but may guess. */
export async function hostCallNames(): Promise<string[]> {
  const folder = new URL("../src/python/", import.meta.url);
  const sources = await Promise.all((await readdir(folder)).map((name) => readFile(new URL(name, folder), "utf8")));
  return [...new Set(sources.join("\n").match(/(?<=\bhost\.)\w+/g))];
}
