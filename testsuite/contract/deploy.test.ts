import { readFileSync } from "node:fs";
import { buildRelease, plan } from "@espx/ota";
import type { SourceFile } from "@espx/ota";
import { decodeSlotRecord, isEspxError } from "@espx/proto";
import type { EspxError, Plan, Release, RunningState, SlotRecord } from "@espx/proto";
import { SerialTransport } from "@espx/serial";
import { createWorld } from "@espx/sim";
import type { VirtualBoard, World } from "@espx/sim";
import { afterEach, describe, expect, test } from "vitest";
import { compiledFiles } from "../../device/tests/compiled-files.ts";
import { sha256 } from "../powercut/releases.ts";
import { inVirtualTime } from "../virtual-time.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const device = (path: string): Uint8Array => readFileSync(new URL(`../../device/${path}`, import.meta.url));

/** A program of the framework; `start` is Python inside its component's start. */
const app = (start: string): string => `
from espx.component import Component

class App(Component):
    name = "app"

    def start(self, ctx):
        ${start}

components = [App()]
`;
const good = app('print("app: runs with", ctx.config.get("mark"))');
const broken = app('raise ValueError("out of luck")');

async function releaseOf(program: string, mark: string | null = null): Promise<Release> {
  const compiled = Object.entries(await compiledFiles()).map(([path, bytes]) => ({ path, bytes }));
  const framework = compiled.filter(({ path }) => path.startsWith("espx/"));
  const slots = compiled.find(({ path }) => path === "safe/slots.mpy") as SourceFile;
  return buildRelease(
    {
      profile: "app",
      sequence: 0,
      components: ["log"],
      keep: ["count.txt"],
      files: [
        ...framework.map(({ path, bytes }) => ({ path: `lib/${path}`, bytes })),
        { path: "main.py", bytes: bytesOf(program) },
      ],
      launcher: [
        { path: "/boot.py", bytes: device("boot.py") },
        { path: "/main.py", bytes: device("main.py") },
        { path: "/safe/slots.mpy", bytes: slots.bytes },
      ],
      config: mark === null ? null : bytesOf(`startdelay 0\nmark ${mark}\n`),
    },
    sha256,
  );
}

/** A virtual board with a person who deploys. */
class Bench {
  readonly world: World;
  readonly board: VirtualBoard;
  readonly transport: SerialTransport;
  console = "";

  private constructor(world: World, board: VirtualBoard) {
    this.world = world;
    this.board = board;
    this.transport = new SerialTransport(board.openSerial(), world.clock);
    board.onEvent((event) => {
      if (event.kind === "console") this.console += new TextDecoder().decode(event.bytes);
    });
  }

  static async start(files: Readonly<Record<string, string>> = {}): Promise<Bench> {
    const world = await createWorld({ mode: "virtual", seed: 1, quietMs: 3_000 });
    const board = await world.addBoard({ name: "bench", files });
    await board.powerOn();
    await world.advance(1_000);
    return new Bench(world, board);
  }

  plan(release: Release, replaceForeign = false): Promise<Plan> {
    return inVirtualTime(this.world, this.#plan(release, replaceForeign));
  }

  /** All of a deploy, up to the confirmation. */
  async deploy(release: Release, options: { readonly replaceForeign?: boolean } = {}): Promise<RunningState> {
    const { steps, ...rest } = await this.plan(release, options.replaceForeign);
    return inVirtualTime(
      this.world,
      (async () => {
        await this.transport.begin({ steps, ...rest });
        for (const step of steps) await this.transport.apply(step);
        return this.transport.watch({ timeoutMs: 120_000 });
      })(),
    );
  }

  async failure(release: Release): Promise<EspxError> {
    const error: unknown = await this.deploy(release).then(
      () => new Error("the deploy went well"),
      (thrown: unknown) => thrown,
    );
    if (!isEspxError(error)) throw error;
    return error;
  }

  record(): SlotRecord {
    const records = ["/state/slot0", "/state/slot1"].flatMap((path) => this.board.flash.read(path) ?? []);
    return records.map(decodeSlotRecord).toSorted((a, b) => b.count - a.count)[0] as SlotRecord;
  }

  text(path: string): string | undefined {
    const bytes = this.board.flash.read(path);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  }

  async #plan(release: Release, replaceForeign: boolean): Promise<Plan> {
    const decision = plan(release, await this.transport.inventory(), { replaceForeign, state: "trial" });
    if ("refusal" in decision) throw decision.refusal;
    return decision.plan;
  }
}

let bench: Bench;
afterEach(() => bench.world.close());

describe("a deploy over the serial port of a virtual board", () => {
  test("brings a blank board up, confirmed, and has nothing to do the second time", async () => {
    bench = await Bench.start();
    const release = await releaseOf(good, "one");
    const running = await bench.deploy(release);
    expect(running).toMatchObject({ release: release.id, slot: "a", state: "confirmed", waitingFor: [] });
    expect(bench.console).toContain("app: runs with one");
    expect((await bench.plan(release)).upToDate).toBe(true);
  });

  test("changes the config alone, and then code with it", async () => {
    bench = await Bench.start();
    await bench.deploy(await releaseOf(good, "one"));
    expect((await bench.deploy(await releaseOf(good, "two"))).slot).toBe("a");
    expect(bench.console).toContain("app: runs with two");
    expect((await bench.deploy(await releaseOf(`${good}\n# newer\n`, "three"))).slot).toBe("b");
    expect(bench.console).toContain("app: runs with three");
    expect([...bench.board.flash.files().keys()].filter((path) => path.startsWith("/config-"))).toHaveLength(2);
  });

  test("says why when a set falls back, and the old set runs again with its config", async () => {
    bench = await Bench.start();
    const release = await releaseOf(good, "one");
    await bench.deploy(release);
    const error = await bench.failure(await releaseOf(broken, "two"));
    expect(error.code).toBe("deploy/fell-back");
    expect(error.message).toContain("ValueError: out of luck");
    expect(bench.record()).toMatchObject({ slot: "a", state: "confirmed", config: release.config?.sha256 });
    expect(bench.console.split("app: runs with one")).toHaveLength(3);
  });

  test("says that the watchdog had to help when a set hangs, and nothing of what the old set prints again", async () => {
    bench = await Bench.start();
    await bench.deploy(await releaseOf(good, "one"));
    const error = await bench.failure(await releaseOf(app("import time; time.sleep(3600)"), "two"));
    expect(error.code).toBe("deploy/fell-back");
    expect(error.message.match(/the watchdog reset the board \(\w*WDT\w*\)/g)).toHaveLength(3);
    expect(error.message.trimEnd()).toMatch(/going back to slot a$/);
  });

  test("says why when a config falls back though the slot stays", async () => {
    bench = await Bench.start();
    const picky = app('print("mark", 100 // int(ctx.config.get("mark")))');
    const release = await releaseOf(picky, "5");
    await bench.deploy(release);
    const error = await bench.failure(await releaseOf(picky, "0"));
    expect(error.code).toBe("deploy/fell-back");
    expect(error.message).toContain("ZeroDivisionError");
    expect(bench.record()).toMatchObject({ slot: "a", config: release.config?.sha256 });
  });

  test("says that nothing runs when a first set fails, and mends it by the next deploy", async () => {
    bench = await Bench.start();
    const error = await bench.failure(await releaseOf(broken, "one"));
    expect(error.code).toBe("deploy/nothing-runs");
    expect(error.message).toContain("ValueError: out of luck");
    expect((await bench.deploy(await releaseOf(good, "one"))).state).toBe("confirmed");
  });

  test("waits for a plain program, which answers nothing, and leaves it running", async () => {
    bench = await Bench.start();
    const plain = 'import time\nprint("plain: runs")\nwhile True:\n    time.sleep(1)\n';
    const release = await releaseOf(plain);
    expect(await bench.deploy(release)).toEqual({ release: release.id, slot: "a", state: "confirmed", waitingFor: [] });
    await bench.world.advance(2_000);
    expect(bench.console.split("plain: runs")).toHaveLength(3);
  });

  test("moves a foreign program aside when that is allowed, and keeps its files", async () => {
    bench = await Bench.start({ "/main.py": "print('foreign')\n", "/boot.py": "import data\n", "/data.py": "X = 1\n" });
    const release = await releaseOf(good, "one");
    await expect(bench.deploy(release)).rejects.toSatisfy((error) => isEspxError(error, "deploy/foreign-program"));
    await bench.deploy(release, { replaceForeign: true });
    expect(bench.text("/old/main.py")).toBe("print('foreign')\n");
    expect(bench.text("/old/boot.py")).toBe("import data\n");
    expect(bench.text("/data.py")).toBe("X = 1\n");
  });

  test("carries a program's own files over, each set with its own copy", async () => {
    bench = await Bench.start();
    const count = (line: string): string =>
      app(`file = open("count.txt", "a")\n        file.write("x")\n        file.close()\n        ${line}`);
    await bench.deploy(await releaseOf(count("pass"), "one"));
    await bench.deploy(await releaseOf(count("print(1)"), "one"));
    expect([bench.text("/a/count.txt"), bench.text("/b/count.txt")]).toEqual(["x", "xx"]);
  });

  test("leaves the old set running when the power goes in the middle, and ends well the next time", async () => {
    bench = await Bench.start();
    await bench.deploy(await releaseOf(good, "one"));
    const next = await releaseOf(`${good}\n# newer\n`, "two");
    const before = bench.console.length;
    void bench.board.cutAt(20).then(() => bench.board.powerOn());
    const error = await bench.failure(next);
    expect(["serial/rebooted", "link/lost"]).toContain(error.code);
    await bench.world.advance(3_000);
    expect(bench.console.slice(before)).toContain("app: runs with one");
    expect((await bench.deploy(next)).release).toBe(next.id);
  });

  test("finds a program stopped for an hour still stopped: nothing resets a prompt", async () => {
    bench = await Bench.start();
    await bench.deploy(await releaseOf(good, "one"));
    await inVirtualTime(bench.world, bench.transport.inventory());
    const before = bench.console.length;
    await bench.world.advance(50 * 60_000);
    expect(bench.console.slice(before)).not.toContain("rst:");
  });
});
