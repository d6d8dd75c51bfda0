import { randomUUID } from "node:crypto";
import type { Clock, SerialLink } from "@espx/proto";
import { createWorld } from "@espx/sim";
import { realClock } from "../../packages/cli/src/clock.ts";
import { openPort } from "../../packages/cli/src/ports/serial.ts";
import { FakeBoard } from "../../packages/serial/test/fake-board.ts";

/** A board to hold the suite against. */
export interface ContractBoard {
  readonly clock: Clock;
  readonly link: SerialLink;
  close(): Promise<void>;
}

/** A kind of board, and what it can. */
export interface BoardKind {
  readonly name: string;
  /** Whether it runs Python, or only knows the few answers of a fake. */
  readonly python: boolean;
  /** Why it is left out here, or undefined. */
  readonly missing: string | undefined;
  open(): Promise<ContractBoard>;
}

const port = process.env.ESPX_TEST_PORT;

export const boardKinds: readonly BoardKind[] = [
  { name: "the fake board", python: false, missing: undefined, open: openFake },
  { name: "the virtual board", python: true, missing: undefined, open: openVirtual },
  {
    name: "the board at ESPX_TEST_PORT",
    python: true,
    missing: port === undefined ? "ESPX_TEST_PORT names no board" : undefined,
    open: openHardware,
  },
];

async function openFake(): Promise<ContractBoard> {
  const link = new FakeBoard(realClock, { run: fakeAnswer });
  return { clock: realClock, link, close: () => link.close() };
}

async function openVirtual(): Promise<ContractBoard> {
  const world = await createWorld({ mode: "real" });
  const board = await world.addBoard({ name: `contract-${randomUUID().slice(0, 8)}` });
  await board.powerOn();
  return { clock: world.clock, link: board.openSerial(), close: () => world.close() };
}

async function openHardware(): Promise<ContractBoard> {
  const link = await openPort(port as string, { env: process.env });
  return { clock: realClock, link, close: () => link.close() };
}

/** The fake knows `print` of one string, with an optional factor, and nothing else. */
function fakeAnswer(code: string): string {
  const match = /print\((?:'(.*)'|"(.*)")(?: \* (\d+))?\)/.exec(code);
  return match === null ? "" : `${(match[1] ?? match[2] ?? "").repeat(Number(match[3] ?? 1))}\r\n`;
}
