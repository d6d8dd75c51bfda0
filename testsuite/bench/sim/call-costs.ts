import { createWorld } from "@espx/sim";

/** What single things cost a program in real time, µs; boots in ms. */
export interface CallCosts {
  readonly firstBootMs: number;
  readonly bootMs: number;
  readonly flashUs: number;
  readonly socketUs: number;
  readonly consoleByteUs: number;
}

const rounds = 300;
const bootRuns = 9;

const program = `
import os, socket, sys, time
n = ${rounds}
def measure(name, count, act):
    act()
    t = time.ticks_us()
    for _ in range(n):
        act()
    print("cost", name, time.ticks_diff(time.ticks_us(), t) / n / count)
f = open("/cost", "wb")
data = bytes(64)
def flash():
    f.write(data)
    f.flush()
def nothing():
    pass
u = socket.socket(type=socket.SOCK_DGRAM)
u.setblocking(False)
buffer = bytearray(8)
line = "x" * 63 + "\\n"
measure("nothing", 1, nothing)
measure("flash", 2, flash)
measure("socket", 1, lambda: u.readinto(buffer))
measure("console", 64, lambda: sys.stdout.write(line))
print("cost", "done", 0)
`;

/** Measures boots, and operations on one board in real time. */
export async function measureCosts(): Promise<CallCosts> {
  const firstBootMs = await bootMs();
  const boots: number[] = [];
  for (let run = 0; run < bootRuns; run++) boots.push(await bootMs());
  const costs = await programCosts();
  const own = costs.get("nothing") ?? 0;
  const cost = (name: string, part = 1): number => (costs.get(name) ?? Number.NaN) - own / part;
  return {
    firstBootMs,
    bootMs: median(boots),
    flashUs: cost("flash", 2),
    socketUs: cost("socket"),
    consoleByteUs: cost("console", 64),
  };
}

/** The value in the middle. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** From power-on until a program prints. */
async function bootMs(): Promise<number> {
  const world = await createWorld({ mode: "real" });
  const board = await world.addBoard({ name: "boot", files: { "main.py": "print('is up')\n" } });
  const up = printed(board, "is up");
  const began = performance.now();
  await board.powerOn();
  await up;
  const ms = performance.now() - began;
  await world.close();
  return ms;
}

async function programCosts(): Promise<ReadonlyMap<string, number>> {
  const world = await createWorld({ mode: "real" });
  const board = await world.addBoard({ name: "costs", files: { "main.py": program } });
  const done = printed(board, "cost done");
  await board.powerOn();
  const text = await done;
  await world.close();
  return new Map([...text.matchAll(/cost (\w+) ([\d.e-]+)/g)].map(([, name = "", us]) => [name, Number(us)]));
}

/** Resolves with all that was printed, when `text` is in it. */
function printed(
  board: Awaited<ReturnType<Awaited<ReturnType<typeof createWorld>>["addBoard"]>>,
  text: string,
): Promise<string> {
  let all = "";
  return new Promise((resolve) =>
    board.onEvent((event) => {
      if (event.kind === "console") all += Buffer.from(event.bytes).toString("latin1");
      if (all.includes(text)) resolve(all);
    }),
  );
}
