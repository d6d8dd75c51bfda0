import { afterEach, describe, expect, test } from "vitest";
import type { Step } from "@espx/proto";
import { receiverScript } from "../src/stream/receiver.ts";
import { bench, expectAll, failure, files, planOf, putStep, start, stop } from "./stream-bench.ts";

afterEach(stop);

test("the receiver is less than 1.5 KB of source", () => {
  expect(receiverScript.length).toBeLessThan(1536);
});

describe("steps that are given at once", () => {
  test("are done in one run of the receiver, and small files share blocks", async () => {
    const transport = await start();
    await transport.inventory();
    const steps = files();
    await Promise.all(steps.map((step) => transport.apply(step)));
    expectAll(steps);
    const repl = await transport.repl();
    expect(bench.lines).toEqual([{ triedRates: [], rate: undefined, troubles: 0 }]);
    expect(bench.link.sentBytes).toBeLessThan(24_000);
    expect(await repl.exec("print('prompt')")).toBe("prompt\r\n");
  });

  test("tell how far each file is, in order", async () => {
    const transport = await start();
    const told: string[] = [];
    const steps = files();
    await Promise.all(
      steps.map((step) =>
        transport.apply(step, { progress: (done, total, path) => told.push(`${path} ${done} ${total}`) }),
      ),
    );
    expect(told.filter((line) => line.includes("page.gz")).length).toBeGreaterThan(2);
    expect(told.at(-1)).toBe("/a/control.bin 700 700");
  });

  test("stop at the first one that fails: what stands behind it is not done", async () => {
    const transport = await start();
    const [first, second] = files();
    const wrong = { ...putStep("/a/wrong", Uint8Array.of(1)), sha256: "0".repeat(64) };
    const ends = [first, wrong, second].map((step) => failure(transport.apply(step as Step)).catch(() => undefined));
    const [, error, behind] = await Promise.all(ends);
    expect(error?.code).toBe("serial/readback-differs");
    expect(error?.message).toContain("/a/wrong reads back as 1 ");
    expect(behind?.code).toBe("serial/readback-differs");
    expect([...bench.board.flash.files().keys()]).toEqual(["/a/main.py"]);
  });

  test("go over native USB in larger portions, with every byte as it is", async () => {
    const transport = await start({ port: "usb" });
    await transport.inventory();
    const steps = files();
    await Promise.all(steps.map((step) => transport.apply(step)));
    expectAll(steps);
    expect(await (await transport.repl()).exec("print('prompt')")).toBe("prompt\r\n");
  });
});

describe("an older or another firmware", () => {
  test("without deflate gets everything as it is", async () => {
    const transport = await start({ firmware: { absentModules: ["deflate"] } });
    expect((await transport.inventory()).capabilities).toEqual([]);
    const steps = files();
    const before = bench.link.sentBytes;
    await Promise.all(steps.map((step) => transport.apply(step)));
    expectAll(steps);
    const content = steps.reduce((total, step) => total + step.sizeBytes, 0);
    expect(bench.link.sentBytes - before).toBeGreaterThan(content);
    expect(bench.link.sentBytes - before).toBeLessThan(content + 5_000);
  });

  test.each([
    ["that understands raw-paste and has none", "R\0"],
    ["from before raw-paste", "raw REPL; CTRL-B to exit\r\n>"],
  ])("%s is sent the receiver slowly, and the stream as fast as ever", async (_, answer) => {
    const transport = await start();
    bench.link.answers.set("\x05A\x01", answer);
    await transport.inventory();
    const steps = files();
    await Promise.all(steps.map((step) => transport.apply(step)));
    expectAll(steps);
    await transport.repl();
    expect(bench.lines).toMatchObject([{ troubles: 0 }]);
  });
});

describe("the memory of a program that was stopped", () => {
  const hungry = `import gc
gc.collect()
held = bytearray(gc.mem_free() - 30_000)
import time
while True: time.sleep(1)
`;

  test("is given back by a soft reset where it would not do, and the chip is not reset", async () => {
    const transport = await start({ files: { "/main.py": hungry }, heapBytes: 160 * 1024 });
    const boots: string[] = [];
    bench.board.onEvent((event) => event.kind === "boot" && boots.push(event.cause));
    const steps = files();
    const { heapFreeBytes } = await transport.inventory();
    expect(heapFreeBytes).toBeLessThan(40_000);
    await transport.begin(planOf(...steps));
    await Promise.all(steps.map((step) => transport.apply(step)));
    expectAll(steps);
    expect(boots).toEqual(["soft"]);
  });

  test("is left alone where it will do", async () => {
    const transport = await start({ files: { "/main.py": "kept = 1\nimport time\nwhile True: time.sleep(1)\n" } });
    await transport.inventory();
    await transport.begin(planOf(...files()));
    await transport.apply(files()[0] as Step);
    expect(await (await transport.repl()).exec("print(kept)")).toBe("1\r\n");
  });
});

test("the framework's watchdog is fed while files are sent, and none is ever made", async () => {
  const watchdog = "fed = 0\ndef feed():\n global fed\n fed += 1\n";
  const main =
    "import espx.watchdog, machine\nmade = []\nmachine.WDT = made.append\nimport time\nwhile True: time.sleep(1)\n";
  const transport = await start({
    files: { "/espx/__init__.py": "", "/espx/watchdog.py": watchdog, "/main.py": main },
  });
  await transport.inventory();
  await Promise.all(files().map((step) => transport.apply(step)));
  const repl = await transport.repl();
  expect(await repl.exec("print(espx.watchdog.fed > 50, made)")).toBe("True []\r\n");
});
