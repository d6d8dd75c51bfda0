import { createHash } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import { isEspxError } from "@espx/proto";
import type { EspxError, Plan, SimSerialOptions, Step } from "@espx/proto";
import { createWorld } from "@espx/sim";
import type { VirtualBoard, VirtualBoardOptions, World } from "@espx/sim";
import { expect } from "vitest";
import { SerialTransport } from "../src/index.ts";
import type { LineReport } from "../src/index.ts";
import { SeededRandom } from "../../../testsuite/fuzz/seeded-random.ts";
import { SpoiledLink } from "../../../testsuite/cable/spoiled-link.ts";

const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();
/** The step that puts these bytes there. */
export const putStep = (path: string, bytes: Uint8Array): Put => ({
  kind: "put",
  path,
  sizeBytes: bytes.length,
  sha256: Buffer.from(sha256(bytes)).toString("hex"),
  source: { kind: "blob", bytes },
});

export const planOf = (...steps: Put[]): Plan => {
  const sendBytes = steps.reduce((total, step) => total + step.sizeBytes, 0);
  return { steps, slot: "a", upToDate: false, sendBytes };
};

type Put = Extract<Step, { kind: "put" }>;

/** What a test has in its hands after {@link start}. */
export const bench = {
  lines: [] as LineReport[],
} as {
  readonly lines: LineReport[];
  world: World;
  board: VirtualBoard;
  link: SpoiledLink;
};

let ended = true;
let passing: Promise<void> = Promise.resolve();

interface BenchOptions extends SimSerialOptions, Pick<VirtualBoardOptions, "firmware" | "heapBytes"> {
  readonly files?: Readonly<Record<string, string>>;
  readonly rates?: readonly number[];
}

/** A virtual board, and a transport to it over a link that a test can spoil. */
export async function start({
  files = {},
  rates = [],
  firmware,
  heapBytes,
  ...serial
}: BenchOptions = {}): Promise<SerialTransport> {
  const made = await createWorld({ mode: "virtual", quietMs: 3_000 });
  bench.world = made;
  bench.lines.length = 0;
  const board = await made.addBoard({
    name: "bench",
    files,
    ...(firmware !== undefined && { firmware }),
    ...(heapBytes !== undefined && { heapBytes }),
  });
  bench.board = board;
  await board.powerOn();
  ended = false;
  passing = (async () => {
    while (!ended) await made.advance(20);
  })();
  bench.link = new SpoiledLink(
    board.openSerial(serial),
    serial.port === "usb" ? { kind: "usb-jtag", safeCreditBytes: 4096 } : {},
  );
  return transportOn(rates);
}

export function transportOn(rates: readonly number[] = []): SerialTransport {
  const deflate = (bytes: Uint8Array, windowBits: number): Uint8Array =>
    deflateRawSync(bytes, { level: 9, windowBits });
  return new SerialTransport(bench.link, bench.world.clock, {
    deflate,
    sha256,
    rates: () => Promise.resolve(rates),
    onLine: (line) => bench.lines.push(line),
  });
}

/** For `afterEach`. */
export async function stop(): Promise<void> {
  if (ended) return;
  ended = true;
  await passing;
  await bench.world.close();
}

/** Some text, some noise, an empty file. */
export function files(): readonly Put[] {
  const random = new SeededRandom(7);
  const text = (lines: number): Uint8Array =>
    new TextEncoder().encode(Array.from({ length: lines }, () => `value = ${random.below(500)}\n`).join(""));
  return [
    putStep("/a/main.py", text(40)),
    putStep("/a/lib/long.py", text(2_000)),
    putStep("/a/lib/ä 'b'.py", text(90)),
    putStep("/a/web/page.gz", random.bytes(9_000)),
    putStep("/a/empty", new Uint8Array()),
    putStep(
      "/a/control.bin",
      Uint8Array.from({ length: 700 }, (_, index) => index % 7),
    ),
  ];
}

export function expectAll(steps: readonly Put[]): void {
  for (const { path, source } of steps) {
    expect(bench.board.flash.read(path), path).toEqual(source.kind === "blob" ? source.bytes : undefined);
  }
}

export async function failure(work: Promise<unknown>): Promise<EspxError> {
  const error: unknown = await work.then(
    () => new Error("nothing was thrown"),
    (thrown: unknown) => thrown,
  );
  if (!isEspxError(error)) throw error;
  return error;
}
