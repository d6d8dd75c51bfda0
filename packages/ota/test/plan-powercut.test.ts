import fc from "fast-check";
import type { Release, SlotRecord } from "@espx/proto";
import { expect, test } from "vitest";
import { plan } from "../src/index.ts";
import type { Policy } from "../src/index.ts";
import { BoardModel, bytesOf, planOf, release } from "./board-model.ts";

const text = fc.constantFrom("1", "2", "3");
const wanted = fc.record({
  files: fc.record(
    { "main.py": text, "lib/x.py": text, "lib/y.py": text, "data.txt": text },
    { requiredKeys: ["main.py"] },
  ),
  launcher: fc.record({ "/boot.py": text, "/main.py": text, "/safe/slots.py": text }),
  config: fc.option(fc.constantFrom("rate 1", "rate 2", "rate 3")),
  keep: fc.constantFrom<string[]>([], ["data.txt"], ["*.txt", "/b/lib"]),
});
const state = fc.constantFrom<Policy["state"]>("trial", "dev");

/** What happens to a board between two deploys. */
const event = fc.oneof(
  fc.record({ kind: fc.constant("deploy" as const), wanted, state, cutAfter: fc.option(fc.nat(14)) }),
  fc.constant({ kind: "confirm" as const }),
  fc.constant({ kind: "fall back" as const }),
  fc.constant({ kind: "lose a start" as const }),
  fc.record({ kind: fc.constant("write data" as const), text }),
);

function live(board: BoardModel, kind: "confirm" | "fall back" | "lose a start"): void {
  const record = board.newest()?.record;
  if (record?.state !== "trial") return;
  const next: SlotRecord = { ...record, count: record.count + 1 };
  if (kind === "confirm") board.writeRecord({ ...next, state: "confirmed", attemptsLeft: 0 });
  if (kind === "lose a start") board.writeRecord({ ...next, attemptsLeft: Math.max(0, record.attemptsLeft - 1) });
  if (kind === "fall back" && record.previous !== null) {
    board.writeRecord({ ...next, ...record.previous, state: "confirmed", attemptsLeft: 0, previous: null });
  }
}

/** Deploys step by step and holds every state in between against what ran before and what runs after. */
function deploy(board: BoardModel, target: Release, policy: Policy): BoardModel[] {
  const { steps } = planOf(plan(target, board.inventory(), policy));
  const states = [board.copy()];
  for (const step of steps) {
    const next = (states.at(-1) as BoardModel).copy();
    next.apply(step);
    states.push(next);
  }
  return states;
}

function check(states: readonly BoardModel[]): void {
  const first = states[0] as BoardModel;
  const last = states.at(-1) as BoardModel;
  const complete = [first.running(), first.fallBack(), last.running()];
  for (const board of states) {
    expect(complete).toContain(board.running());
    expect([null, first.recorded(), ...complete]).toContain(board.fallBack());
  }
}

test("whatever happened to a board, a cut after any step of a deploy leaves a whole set, and a second deploy ends it", async () => {
  const boards = fc.constantFrom<Record<string, string>>({}, { "/main.py": "foreign", "/config.txt": "rate 1" });
  await fc.assert(
    fc.asyncProperty(boards, fc.array(event, { minLength: 1, maxLength: 8 }), async (start, events) => {
      let board = BoardModel.of(start);
      for (const happening of events) {
        if (happening.kind === "write data") {
          const slot = board.newest()?.record.slot;
          if (slot !== undefined) board.files.set(`/${slot}/data.txt`, bytesOf(`own ${happening.text}`));
        } else if (happening.kind === "deploy") {
          const policy: Policy = { replaceForeign: true, state: happening.state };
          const target = await release(happening.wanted);
          const states = deploy(board, target, policy);
          check(states);
          board = states[Math.min(happening.cutAfter ?? Infinity, states.length - 1)] as BoardModel;
          const ended = deploy(board.copy(), target, policy);
          check(ended);
          expect(planOf(plan(target, (ended.at(-1) as BoardModel).inventory(), policy)).upToDate).toBe(true);
          holds(ended.at(-1) as BoardModel, target);
        } else {
          live(board, happening.kind);
        }
      }
    }),
    { numRuns: 300 },
  );
});

function holds(board: BoardModel, target: Release): void {
  const { record } = board.newest() as { record: SlotRecord };
  for (const file of target.files) {
    if (target.keep.length > 0 && file.path === "data.txt") continue;
    expect(board.files.get(`/${record.slot}/${file.path}`)).toEqual(file.bytes);
  }
  for (const file of target.launcher) expect(board.files.get(file.path)).toEqual(file.bytes);
  if (target.config !== null)
    expect(board.running()).toContain(`config=${new TextDecoder().decode(target.config.bytes)}`);
}
