import { createWorld } from "../src/world.ts";
import { expect, test } from "vitest";

const echo = `
import sys
while True:
    sys.stdout.write(sys.stdin.read(1))
`;

/** Lets so many turns of promises pass. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}

test("a client that answers a few turns of promises later than it hears never finds a board standing still", async () => {
  const world = await createWorld({ mode: "virtual", quietMs: 2_000 });
  const board = await world.addBoard({ name: "echo", files: { "main.py": echo } });
  await board.powerOn();
  const link = board.openSerial();
  let heard = 0;
  link.listen({ chunk: (bytes) => void (heard += bytes.length), closed: () => {} });
  let ended = false;
  const passing = (async () => {
    while (!ended) await world.advance(1);
  })();
  for (let round = 0; round < 600; round++) {
    const wanted = heard + 1;
    await link.write(Uint8Array.of(65 + (round % 26)));
    while (heard < wanted) await world.clock.sleep(1);
    await turns(round % 60);
  }
  ended = true;
  await passing;
  await world.close();
  expect(heard).toBeGreaterThanOrEqual(600);
}, 20_000);
