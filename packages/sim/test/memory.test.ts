import { describe, expect, it } from "vitest";
import { outputOf, startBoard } from "./board-fixture.ts";

describe("the heap", () => {
  it.each([160 * 1024, 40_000, 400_000])(
    "leaves %i bytes to a program that starts, as was asked for",
    async (heapBytes) => {
      const free = Number(await outputOf("import gc\ngc.collect()\nprint(gc.mem_free())\n", { heapBytes }));
      expect(free).toBeGreaterThan(heapBytes * 0.97);
      expect(free).toBeLessThan(heapBytes * 1.03 + 1000);
    },
  );

  it("does not grow: a program that takes too much gets MemoryError and goes on", async () => {
    const text = await outputOf(
      "def fill():\n    held = []\n    try:\n        while True:\n            held.append(bytearray(1000))\n" +
        "    except MemoryError as e:\n        return len(held)\nn = fill()\nprint(100 < n < 200)\nprint(len(bytearray(50000)))\n",
    );
    expect(text).toBe("True\r\n50000\r\n");
  });

  it("is collected while code runs", async () => {
    const text = await outputOf(
      "t = 0\nfor i in range(100000):\n    t += len([i, str(i), bytearray(100)])\nprint(t)\n",
    );
    expect(text).toBe("300000\r\n");
  });

  it("is collected in less than a fifth of a millisecond when little is in it", async () => {
    await using fixture = await startBoard({
      mode: "real",
      main: `
import gc, time
best = 1_000_000
for _ in range(20):
    started = time.ticks_us()
    for _ in range(20):
        gc.collect()
    best = min(best, time.ticks_diff(time.ticks_us(), started) // 20)
print("took", best, "us")
`,
    });
    await fixture.waitFor(" us\r\n");
    expect(Number(/took (\d+) us/.exec(fixture.take())?.[1])).toBeLessThan(200);
  });

  it("keeps what is only on the stack of C functions while it is collected", async () => {
    const text = await outputOf(
      "import gc, re\ngc.threshold(64)\nok = True\nfor i in range(100):\n" +
        "    s = sorted([str(j) for j in range(20)], key=lambda k: (len(str(bytearray(40))), k))\n" +
        "    ok = ok and s[0] == '0' and s[-1] == '9' and len(s) == 20\n" +
        "    ok = ok and re.sub('b', lambda m: str(len(bytes(100))), 'abc') == 'a100c'\nprint(ok)\n",
      { quietMs: 60_000 },
    );
    expect(text).toBe("True\r\n");
  });

  it("raises RuntimeError when calls nest too deep", async () => {
    const text = await outputOf(
      "def f(n):\n    return f(n + 1)\ntry:\n    f(0)\nexcept RuntimeError:\n    print('deep')\n",
    );
    expect(text).toBe("deep\r\n");
  });
});
