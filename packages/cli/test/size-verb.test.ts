import { expect, test } from "vitest";
import { readProbe } from "../src/jobs/size-probe.ts";
import { eventsOf, run, tempFolder } from "./_run.ts";

interface SizeData {
  readonly modules: readonly {
    readonly name: string;
    readonly part: string;
    readonly fileBytes: number;
    readonly flashBytes: number;
    readonly heapBytes: number | null;
    readonly importMs: number | null;
  }[];
  readonly flashBytes: number;
  readonly heap: Readonly<
    Record<"totalBytes" | "modulesBytes" | "runningBytes" | "freeBytes" | "largestFreeBytes", number>
  >;
  readonly onlineMs: number | null;
}

const sizeOf = (result: Awaited<ReturnType<typeof run>>): SizeData | undefined =>
  eventsOf(result).find(({ kind }) => kind === "size")?.data;

/** A profile whose two modules hold a known amount, one loading the other. */
const files = {
  "espx.yaml": "fleet: home\n",
  "manifests/heavy.yaml": "profile: heavy\nmodules: [log]\nfiles: [main.py, outer.py, inner.py, data.bin, lazy.py]\n",
  "profiles/heavy/main.py": "import outer\ncomponents = []\n",
  "profiles/heavy/outer.py": "import inner\nkept = bytearray(10000)\n",
  "profiles/heavy/inner.py": "kept = bytearray(20000)\n",
  "profiles/heavy/lazy.py": "kept = bytearray(30000)\n",
  "profiles/heavy/data.bin": "x".repeat(4097),
};

test("each module is charged with what it holds itself, in the order of the start", async () => {
  await using folder = await tempFolder(files);
  const result = await run(["size", "heavy", "--json"], { cwd: folder.path });
  expect(result.code, result.stdout).toBe(0);
  const data = sizeOf(result);
  const row = (name: string): SizeData["modules"][number] | undefined => data?.modules.find((one) => one.name === name);
  expect(row("outer")?.heapBytes).toBeGreaterThanOrEqual(10_000);
  expect(row("outer")?.heapBytes).toBeLessThan(15_500);
  expect(row("inner")?.heapBytes).toBeGreaterThanOrEqual(20_000);
  expect(row("inner")?.heapBytes).toBeLessThan(25_500);
  expect(row("lazy")).toMatchObject({ heapBytes: null, importMs: null, part: "profile" });
  expect(row("data.bin")).toMatchObject({ fileBytes: 4097, flashBytes: 8192, heapBytes: null });
  const order = data?.modules.map(({ name }) => name) ?? [];
  expect(order[0]).toBe("/main.py");
  expect(order.indexOf("inner")).toBeLessThan(order.indexOf("outer"));
  expect(order.indexOf("outer")).toBeLessThan(order.indexOf("main"));
  expect(order.indexOf("espx.supervisor")).toBeLessThan(order.indexOf("lazy"));
  expect(data?.modules.every(({ flashBytes, fileBytes }) => flashBytes % 4096 === 0 && flashBytes >= fileBytes)).toBe(
    true,
  );
  expect(data?.flashBytes).toBe(data?.modules.reduce((sum, { flashBytes }) => sum + flashBytes, 0));
});

test("blinky fits: what runs is a little more than what its modules hold, and it reaches the broker", async () => {
  await using folder = await tempFolder();
  const result = await run(["size", "blinky", "--json"], { cwd: folder.path });
  const data = sizeOf(result);
  const { modulesBytes = 0, runningBytes = 0, freeBytes = 0, largestFreeBytes = 0, totalBytes = 0 } = data?.heap ?? {};
  expect(totalBytes).toBe(160 * 1024);
  expect(modulesBytes).toBeGreaterThan(30_000);
  expect(runningBytes).toBeGreaterThan(modulesBytes);
  // With what boot.py left behind, the sixth pool of names among it.
  expect(runningBytes).toBeLessThan(69_500);
  expect(Math.abs(runningBytes + freeBytes - totalBytes)).toBeLessThan(2_000);
  expect(largestFreeBytes).toBeGreaterThan(32_000);
  expect(largestFreeBytes).toBeLessThanOrEqual(freeBytes);
  expect(data?.onlineMs).toBeGreaterThan(300);
  expect(data?.onlineMs).toBeLessThan(5_000);
  expect(data?.modules.filter(({ importMs }) => importMs !== null).length).toBeGreaterThan(12);
});

test("the table has one line a module and says what was measured on what", async () => {
  await using folder = await tempFolder(files);
  const { stdout } = await run(["size", "heavy"], { cwd: folder.path });
  const lines = stdout.trimEnd().split("\n");
  expect(lines[0]).toMatch(/^module +part +flash +heap +import$/);
  expect(lines).toContainEqual(expect.stringMatching(/^inner +profile +4\.0 KB +\d+\.\d KB +\d+\.\d ms$/));
  expect(lines).toContainEqual(expect.stringMatching(/^lazy +profile +4\.0 KB +–$/));
  expect(lines.at(-2)).toMatch(
    /^running for 60 s: [\d.]+ KB of 160\.0 KB heap used, [\d.]+ KB free, largest free block [\d.]+ KB$/,
  );
  expect(lines.at(-1)).toMatch(
    /^heavy-[0-9a-f]{8} on a virtual board: it does not reach the broker; import times are this computer's/,
  );
});

test("a program that does not keep running is an error that shows what it said", async () => {
  await using folder = await tempFolder({ ...files, "profiles/heavy/main.py": "raise RuntimeError('too heavy')\n" });
  const result = await run(["size", "heavy"], { cwd: folder.path });
  expect(result.code).toBe(8);
  expect(result.stderr).toContain("RuntimeError: too heavy");
  expect(result.stderr).toContain("(cli/size-incomplete)");
});

test("a module that is loaded twice counts once, where it stays", () => {
  const { modules, launcherHeapBytes } = readProbe(
    "#size module slots /s.mpy 100 50 7\nhello\n#size module slots /s.mpy 400 60 9\n#size module main /m.py 470 30 1\n",
    90,
  );
  expect(modules).toEqual([
    { name: "slots", path: "/s.mpy", heapBytes: 60, importMs: 0.009 },
    { name: "main", path: "/m.py", heapBytes: 30, importMs: 0.001 },
  ]);
  expect(launcherHeapBytes).toBe(310);
});
