import { createHash } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import { plan as planRelease } from "@espx/ota";
import { isEspxError, LinkError } from "@espx/proto";
import type { Plan, Release } from "@espx/proto";
import { SerialTransport } from "@espx/serial";
import { createWorld } from "@espx/sim";
import type { VirtualBoard, World } from "@espx/sim";
import { confirmedFiles } from "../powercut/record-deploy.ts";
import { inVirtualTime } from "../virtual-time.ts";
import { SpoiledLink } from "./spoiled-link.ts";

/** How a deploy ends before its end: the cable goes, or the host falls silent with the port open. */
export const cutKinds = ["pulled", "killed"] as const;
type CutKind = (typeof cutKinds)[number];

/** One broken-off deploy. */
export interface DeployCut {
  readonly kind: CutKind;
  /** Bytes that the host has sent. */
  readonly afterBytes: number;
  /** Whether the board is started anew before it is tried again. */
  readonly reboots: boolean;
}

/** What came of it. */
export interface DeployOutcome {
  readonly faults: readonly string[];
  /** Content that the second run sent, of the whole. */
  readonly againBytes: number;
  readonly wholeBytes: number;
}

export interface Releases {
  readonly before: Release;
  readonly after: Release;
}

/** A host that is killed leaves a prompt within this time. */
const PROMPT_MS = 5_000;
const BOOT_MS = 4_000;

/** Bytes that a host sends in a deploy that nothing disturbs. */
export function bytesOfDeploy({ before, after }: Releases): Promise<number> {
  return withBench(before, async (bench) => {
    await bench.deploy(after);
    return bench.link.sentBytes;
  });
}

/** Breaks a deploy off, looks at what is left, and does the same again. */
export function deployWithCut({ before, after }: Releases, cut: DeployCut): Promise<DeployOutcome> {
  return withBench(before, async (bench) => {
    const faults: string[] = [];
    await bench.breakOff(after, cut);
    const halves = bench.halfFiles([before, after]);
    if (halves.length > 0) faults.push(`${halves.join(", ")} under their own names are of neither set`);
    if (cut.reboots) faults.push(...(await bench.reboot()));
    const { plan, missing } = await bench.planAgain(after);
    if (plan.sendBytes > missing) faults.push(`would send ${plan.sendBytes} bytes again, ${missing} are missing`);
    const running = await bench.finish(plan);
    if (running !== after.id) faults.push(`runs ${running}, not ${after.id}`);
    return { faults, againBytes: plan.sendBytes, wholeBytes: bench.wholeBytes };
  });
}

async function withBench<T>(before: Release, work: (bench: Bench) => Promise<T>): Promise<T> {
  const bench = await Bench.start(before);
  try {
    return await work(bench);
  } finally {
    await bench.world.close();
  }
}

/** A virtual board that runs a set, and a host that deploys on it. */
class Bench {
  readonly world: World;
  readonly board: VirtualBoard;
  link: SpoiledLink;
  wholeBytes = 0;
  #transport: SerialTransport;
  #console = "";

  private constructor(world: World, board: VirtualBoard) {
    this.world = world;
    this.board = board;
    board.onEvent((event) => {
      if (event.kind === "console") this.#console += new TextDecoder().decode(event.bytes);
    });
    this.link = new SpoiledLink(board.openSerial({ baudRate: 115_200 }));
    this.#transport = this.#newTransport();
  }

  static async start(before: Release): Promise<Bench> {
    const world = await createWorld({ mode: "virtual", seed: 1, quietMs: 3_000 });
    const board = await world.addBoard({ name: "cable", files: confirmedFiles(before) });
    await board.powerOn();
    await world.advance(BOOT_MS);
    return new Bench(world, board);
  }

  deploy(after: Release): Promise<void> {
    return inVirtualTime(this.world, this.#deploy(after));
  }

  /** Ends a deploy after so many bytes; the board keeps its power. */
  async breakOff(after: Release, { kind, afterBytes }: DeployCut): Promise<void> {
    this.link.toBoard = (byte, at) => (at < afterBytes ? byte : undefined);
    const inner = this.link;
    inner.onSent = (sent) => {
      if (sent >= afterBytes && kind === "pulled") inner.lose(new LinkError("link/lost", "the cable was pulled"));
    };
    const stop = new AbortController();
    const work = this.#deploy(after, stop.signal).catch((error: unknown) => {
      if (!isEspxError(error)) throw error;
    });
    while (inner.sentBytes < afterBytes) await this.world.advance(20);
    await this.world.advance(PROMPT_MS);
    stop.abort();
    await inVirtualTime(this.world, work);
    await inner.close();
    this.link = new SpoiledLink(this.board.openSerial({ baudRate: 115_200 }));
    this.#transport = this.#newTransport();
  }

  /** Files with a name of the sets whose content is of neither. */
  halfFiles(releases: readonly Release[]): readonly string[] {
    const known = new Map<string, Set<string>>();
    const allow = (path: string, sha256: string): unknown =>
      known.set(path, (known.get(path) ?? new Set()).add(sha256));
    for (const { files, launcher } of releases) {
      for (const { path, sha256 } of files) for (const slot of ["a", "b"]) allow(`/${slot}/${path}`, sha256);
      for (const { path, sha256 } of launcher) allow(path, sha256);
    }
    return [...this.board.flash.files()]
      .filter(([path, bytes]) => known.get(path)?.has(hash(bytes)) === false)
      .map(([path]) => path)
      .filter((path) => path !== "/b/main.py" && path !== "/b/lib/only0.py");
  }

  /** Starts the board anew and looks whether a whole set comes up. */
  async reboot(): Promise<readonly string[]> {
    const from = this.#console.length;
    await this.board.reset();
    await this.world.advance(BOOT_MS);
    const mark = /powercut: code (\d) part (\d) config (\d)/.exec(this.#console.slice(from));
    if (mark === null) return [`does not come up; it printed: ${this.#console.slice(from).slice(-400)}`];
    return mark[1] === mark[2] && mark[2] === mark[3] ? [] : [`runs a mix: ${mark[0]}`];
  }

  async planAgain(after: Release): Promise<{ readonly plan: Plan; readonly missing: number }> {
    const plan = await inVirtualTime(this.world, this.#plan(after));
    const there = new Set([...this.board.flash.files()].map(([path, bytes]) => `${path} ${hash(bytes)}`));
    const wanted = [
      ...after.files.map(({ path, ...file }) => ({ ...file, path: `/${plan.slot}/${path}` })),
      ...after.launcher,
      ...(after.config === null ? [] : [after.config]),
    ];
    const missing = wanted.filter(({ path, sha256 }) => !there.has(`${path} ${sha256}`));
    this.wholeBytes = wanted.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
    return { plan, missing: missing.reduce((total, { sizeBytes }) => total + sizeBytes, 0) };
  }

  /** @returns the release that is confirmed in the end */
  finish(plan: Plan): Promise<string> {
    return inVirtualTime(this.world, this.#finish(plan));
  }

  async #deploy(after: Release, signal?: AbortSignal): Promise<void> {
    await this.#apply(await this.#plan(after, signal), signal);
  }

  async #plan(after: Release, signal?: AbortSignal): Promise<Plan> {
    const decision = planRelease(after, await this.#transport.inventory(signal), {
      replaceForeign: true,
      state: "trial",
    });
    if ("refusal" in decision) throw decision.refusal;
    return decision.plan;
  }

  async #apply(plan: Plan, signal?: AbortSignal): Promise<void> {
    await this.#transport.begin(plan, signal);
    await Promise.all(plan.steps.map((step) => this.#transport.apply(step, { ...(signal && { signal }) })));
  }

  async #finish(plan: Plan): Promise<string> {
    if (plan.upToDate) await this.#transport.reset("commanded");
    else await this.#apply(plan);
    return (await this.#transport.watch({ timeoutMs: 60_000 })).release;
  }

  #newTransport(): SerialTransport {
    return new SerialTransport(this.link, this.world.clock, {
      deflate: (bytes, windowBits) => deflateRawSync(bytes, { level: 9, windowBits }),
      sha256: (bytes) => createHash("sha256").update(bytes).digest(),
    });
  }
}

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
