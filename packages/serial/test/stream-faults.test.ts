import { afterEach, describe, expect, test } from "vitest";
import type { Step } from "@espx/proto";
import type { SerialTransport } from "../src/index.ts";
import { SeededRandom } from "../../../testsuite/fuzz/seeded-random.ts";
import { bench, expectAll, failure, files, planOf, putStep, start, stop, transportOn } from "./stream-bench.ts";

afterEach(stop);

/** Once in so many bytes, from somewhere on. */
const rarely = (every: number, from: number) => (at: number) => at > from && at % every === 0;

describe("a line that damages a byte now and then", () => {
  const lost = (): undefined => undefined;
  const flipped = (byte: number): number => byte ^ 4;
  test.each([
    ["flips bits towards the board", flipped, undefined],
    ["loses bytes towards the board", lost, undefined],
    ["loses what the board says", undefined, lost],
    ["loses bytes both ways", lost, lost],
  ] as const)("%s, and the files are whole all the same", async (_, toBoard, toHost) => {
    const transport = await start({ baudRate: 115_200 });
    await transport.inventory();
    const hitsBoard = rarely(6_151, 4_500);
    const hitsHost = rarely(29, bench.link.receivedBytes + 50);
    if (toBoard !== undefined) bench.link.toBoard = (byte, at) => (hitsBoard(at) ? toBoard(byte) : byte);
    if (toHost !== undefined) bench.link.toHost = (byte, at) => (hitsHost(at) ? toHost() : byte);
    const steps = files();
    await Promise.all(steps.map((step) => transport.apply(step)));
    expectAll(steps);
    await transport.repl();
    expect(bench.lines[0]?.troubles).toBeGreaterThan(0);
  });

  test("in what the raw REPL says at the end does not hold up who comes next", async () => {
    const transport = await start();
    await transport.inventory();
    let isStreaming = false;
    // The receiver says nothing with this byte: the first one says that it is gone, the second one, the end of its errors, is lost.
    let ends = 0;
    bench.link.toHost = (byte) => (isStreaming && byte === 4 && ++ends === 2 ? undefined : byte);
    const step = putStep("/a/x", new SeededRandom(6).bytes(9_000));
    const done = transport.apply(step, { progress: () => (isStreaming = true) });
    await done;
    const fromMs = bench.world.clock.now();
    expect(await (await transport.repl()).exec("print('prompt')")).toBe("prompt\r\n");
    expect(bench.world.clock.now() - fromMs).toBeLessThan(8_000);
    expectAll([step]);
  });

  test("too often is named as what it is, and leaves a prompt and no half file", async () => {
    const transport = await start({ baudRate: 115_200 });
    await transport.inventory();
    bench.link.toBoard = (byte, at) => (at > 5_000 && at % 997 === 0 ? byte ^ 1 : byte);
    const error = await failure(Promise.all(files().map((step) => transport.apply(step))));
    expect(error.code).toBe("serial/noisy-line");
    bench.link.toBoard = (byte) => byte;
    const repl = await transport.repl();
    expect(await repl.exec("print('prompt')")).toBe("prompt\r\n");
    for (const path of bench.board.flash.files().keys()) {
      expect(bench.board.flash.read(path)?.length).toBe(files().find((step) => step.path === path)?.sizeBytes ?? -1);
    }
  });
});

describe("what a broken-off deploy leaves", () => {
  const big = putStep("/a/big.bin", new SeededRandom(3).bytes(40_000));

  /** Sends until so much has been written, then falls silent as a killed host does. */
  async function breakOff(transport: SerialTransport, afterBytes: number): Promise<void> {
    await transport.inventory();
    const from = bench.link.sentBytes;
    const gone = new Promise<void>((resolve) => {
      bench.link.toBoard = (byte, at) => {
        if (at - from < afterBytes) return byte;
        resolve();
        return undefined;
      };
    });
    const killed = new AbortController();
    const { signal } = killed;
    const steps = [big, files()[0] as Step];
    const work = failure(Promise.all(steps.map((step) => transport.apply(step, { signal }))));
    await gone;
    await bench.world.clock.sleep(9_000);
    killed.abort();
    expect((await work).code).toBe("serial/canceled");
    bench.link.toBoard = (byte) => byte;
  }

  test.each([3_100, 12_345, 30_001])(
    "after %i bytes is a prompt within seconds, and a beginning that is not sent again",
    async (afterBytes) => {
      await breakOff(await start(), afterBytes);
      expect([...bench.board.flash.files().keys()].filter((path) => path.startsWith("/a/"))).toEqual([]);
      const again = transportOn();
      await again.inventory();
      const before = bench.link.sentBytes;
      await again.begin(planOf(big));
      await again.apply(big);
      expectAll([big]);
      const doneBytes = Math.max(0, afterBytes - 3_000 - 4_200);
      expect(bench.link.sentBytes - before).toBeLessThan(40_000 - doneBytes + 4_500);
    },
  );

  /** What the board says to Ctrl-C so long after half of what it has asked for came: it reads, and nobody can tell it to stop. */
  async function afterCtrlC(transport: SerialTransport, waitMs: number): Promise<string> {
    await transport.inventory();
    await transport.begin(planOf(big));
    const { link, world } = bench;
    const cutAt = link.sentBytes + 15_000;
    const cut = new Promise<void>((resolve) => {
      link.toBoard = (byte, at) => {
        if (at < cutAt) return byte;
        resolve();
        return undefined;
      };
    });
    const stop = new AbortController();
    const work = failure(transport.apply(big, { signal: stop.signal }));
    await cut;
    await world.clock.sleep(waitMs);
    stop.abort();
    await work;
    link.toBoard = (byte) => byte;
    let said = "";
    const unlisten = link.listen({ chunk: (bytes) => (said += new TextDecoder().decode(bytes)), closed: () => {} });
    await link.write(Uint8Array.of(3));
    await world.clock.sleep(300);
    unlisten();
    return said;
  }

  test("hears Ctrl-C four seconds after the cable was pulled, though it waits in the middle of a read", async () => {
    expect(await afterCtrlC(await start(), 3_000)).toContain("KeyboardInterrupt");
  });

  test("hears it after seven seconds where the rate was raised", async () => {
    expect(await afterCtrlC(await start({ baudRate: 115_200, rates: [921_600] }), 6_000)).toContain(
      "KeyboardInterrupt",
    );
    expect(bench.lines).toMatchObject([{ rate: 921_600 }]);
  });

  test("goes on by itself when the line was dead for nine seconds", async () => {
    const transport = await start();
    await transport.inventory();
    const cutAt = bench.link.sentBytes + 15_000;
    const cut = new Promise<void>((resolve) => {
      bench.link.toBoard = (byte, at) => {
        if (at < cutAt) return byte;
        resolve();
        return undefined;
      };
    });
    const work = transport.apply(big);
    await cut;
    await bench.world.clock.sleep(9_000);
    bench.link.toBoard = (byte) => byte;
    await work;
    expectAll([big]);
    await transport.repl();
    expect(bench.lines[0]?.troubles).toBeGreaterThan(0);
  });

  test("is not taken for the beginning of another file", async () => {
    await breakOff(await start(), 20_000);
    const other = putStep("/a/other.bin", new SeededRandom(4).bytes(40_000));
    const again = transportOn();
    await again.begin(planOf(other));
    await again.apply(other);
    expectAll([other]);
    expect(bench.board.flash.read("/.espx-part")).toBeUndefined();
  });
});

describe("a rate for the bulk of it", () => {
  const nine = putStep("/a/big", new SeededRandom(5).bytes(9_000));

  test("is agreed on, and given back at the end", async () => {
    const transport = await start({ baudRate: 115_200, rates: [921_600, 460_800] });
    await transport.inventory();
    const step = putStep("/a/big", new SeededRandom(5).bytes(60_000));
    await transport.begin(planOf(step));
    await transport.apply(step);
    expectAll([step]);
    expect(await (await transport.repl()).exec("print('prompt')")).toBe("prompt\r\n");
    expect(bench.lines).toMatchObject([{ rate: 921_600 }]);
    expect(bench.link.rates).toEqual([921_600, 115_200, 115_200]);
  });

  test("is given back before the board is left", async () => {
    const transport = await start({ baudRate: 115_200, rates: [921_600] });
    await transport.inventory();
    await transport.begin(planOf(nine));
    await transport.apply(nine);
    await transport.leave();
    expect(bench.lines).toMatchObject([{ rate: 921_600 }]);
    expect(bench.link.rates.at(-1)).toBe(115_200);
    expect(await (await transport.repl()).exec("print('prompt')")).toBe("prompt\r\n");
  });

  test("falls back to one that the line takes", async () => {
    const transport = await start({ baudRate: 115_200, rates: [921_600, 460_800] });
    await transport.inventory();
    bench.link.toBoard = (byte) => (bench.link.rates.at(-1) === 921_600 ? byte ^ 0x10 : byte);
    await transport.begin(planOf(nine));
    await transport.apply(nine);
    await transport.repl();
    expect(bench.lines).toMatchObject([{ rate: 460_800, troubles: 0 }]);
  });

  test("stays that of the prompt where the line takes no other", async () => {
    const transport = await start({ baudRate: 115_200, rates: [921_600, 460_800] });
    await transport.inventory();
    bench.link.toBoard = (byte) => ((bench.link.rates.at(-1) ?? 115_200) === 115_200 ? byte : byte ^ 0x10);
    await transport.begin(planOf(nine));
    await transport.apply(nine);
    await transport.repl();
    expect(bench.lines).toMatchObject([{ rate: undefined, troubles: 0 }]);
  });

  test("is never tried on native USB", async () => {
    const transport = await start({ port: "usb", rates: [921_600] });
    await transport.begin(planOf(nine));
    await transport.apply(nine);
    expect(bench.link.rates).toEqual([]);
  });

  test("is not worth it for a little", async () => {
    const transport = await start({ baudRate: 115_200, rates: [921_600] });
    const step = putStep("/a/x", Uint8Array.of(1));
    await transport.begin(planOf(step));
    await transport.apply(step);
    expect(bench.link.rates).toEqual([]);
  });

  test("is given back by the board alone when the host is gone", async () => {
    const transport = await start({ baudRate: 115_200, rates: [921_600] });
    await transport.inventory();
    const silent = bench.link.sentBytes + 12_000;
    bench.link.toBoard = (byte, at) => (at < silent ? byte : undefined);
    const step = putStep("/a/big", new SeededRandom(5).bytes(60_000));
    await transport.begin(planOf(step));
    const work = failure(transport.apply(step));
    expect((await work).code).toMatch(/^serial\//);
    bench.link.toBoard = (byte) => byte;
    expect(await (await transportOn().repl()).exec("print('prompt')")).toBe("prompt\r\n");
  });
});
