import { readFileSync } from "node:fs";
import { LinkError } from "@espx/proto";
import { describe, expect, it } from "vitest";
import { type FaultRow, parseFault, simFaults } from "../src/control/faults.ts";
import { type BoardFixture, programText, startBoard } from "./board-fixture.ts";
import type { FaultCase } from "./fault-case.ts";
import { faultCases } from "./fault-cases.ts";

const all: readonly FaultCase[] = Object.values(faultCases).flat();

/** What the program prints while so much time passes. */
async function prints(fixture: BoardFixture, ms: number): Promise<string> {
  await fixture.world.advance(ms);
  return programText(fixture.take());
}

/** A line that came off takes nothing, and says so. */
async function type(fixture: BoardFixture, text: string): Promise<void> {
  await fixture.type(text).catch((error: unknown) => expect(error).toBeInstanceOf(LinkError));
}

describe("a program", () => {
  it.each(all)("$title", async (each) => {
    const { fault, main, before = /^/, beforeMs = 0, after, afterMs, typed = "", undo, undone = /^/ } = each;
    await using fixture = await startBoard({ main });
    each.prepare?.(fixture);
    expect(await prints(fixture, beforeMs)).toMatch(before);
    fixture.board.fault(parseFault(JSON.parse(JSON.stringify(fault))));
    await type(fixture, typed);
    if (each.powerOn === true) {
      await fixture.world.advance(afterMs);
      expect(fixture.board.running).toBe(false);
      fixture.take();
      await fixture.board.powerOn();
    }
    expect(await prints(fixture, afterMs)).toMatch(after);
    if (undo === undefined) return;
    fixture.board.fault(parseFault(undo));
    expect(await prints(fixture, each.undoneMs ?? 0)).toMatch(undone);
  });
});

describe("the table of faults", () => {
  it("has a case on the board for every fault, and for every word that one takes", () => {
    const missing = Object.entries<FaultRow>(simFaults).flatMap(([kind, { field = "", takes }]) => {
      const given = all
        .filter(({ fault }) => fault.kind === kind)
        .map(({ fault, undo }) => [fault, undo].map((one) => (one as Record<string, unknown> | undefined)?.[field]));
      return takes.filter((type) => !given.some((values) => values.some((value) => takesAs(type, value))));
    });
    expect(missing).toEqual([]);
  });

  it("has an example of each that is one, and one line on it", () => {
    for (const [kind, { meaning, example }] of Object.entries(simFaults)) {
      expect(example.split(" ")[0]).toBe(kind);
      expect(meaning).toMatch(/^[a-z][^\n]{10,90}$/);
    }
  });

  it("is what the page for users shows", () => {
    const page = readFileSync(new URL("../../../docs/simulator.md", import.meta.url), "utf8");
    const shown = [...page.matchAll(/^\| .* \| (`.*`) \|$/gm)].flatMap(([, examples = ""]) => examples.split(", "));
    expect(shown.map((example) => example.slice(1).split(/[ `]/)[0])).toEqual(
      expect.arrayContaining(Object.keys(simFaults)),
    );
  });

  it("says of a wrong value what the fault takes, with an example", () => {
    expect(() => parseFault({ kind: "memory", freeBytes: -1 })).toThrowError(
      expect.objectContaining({
        code: "sim/bad-fault",
        message: "memory takes freeBytes: bytes | null, got -1",
        hint: "for example: espx sim fault NAME memory 10000",
      }),
    );
    expect(() => parseFault({ kind: "power-cut", operation: 0 })).toThrowError(/takes operation: count \| null, got 0/);
    expect(() => parseFault({ kind: "brown-out", value: "5" })).toThrowError(/takes value: no value, got "5"/);
    expect(() => parseFault({ kind: "delay" })).toThrowError(/takes ms: milliseconds, got nothing/);
  });
});

/** Whether a value is of the type that the table names. */
function takesAs(type: string, value: unknown): boolean {
  switch (type) {
    case "boolean":
      return typeof value === "boolean";
    case "unvalued":
      return value === undefined;
    case "null":
      return value === null;
    case "milliseconds":
    case "bytes":
    case "offset":
    case "count":
    case "percent":
      return typeof value === "number";
    default:
      return value === type;
  }
}
