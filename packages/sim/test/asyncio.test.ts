import { describe, expect, it } from "vitest";
import { outputOf, startBoard } from "./board-fixture.ts";
import { join } from "./net/programs.ts";

const run = (code: string, ms = 10_000): Promise<string> =>
  outputOf(`import asyncio, time\n${code}`, { ms }).then((text) => text.replaceAll("\r", ""));

describe("asyncio", () => {
  it("runs tasks side by side and wakes each at its time", async () => {
    const text = await run(`
async def tick(name, ms, n):
    for i in range(n):
        await asyncio.sleep_ms(ms)
        print(name, i)
    return name
async def main():
    started = time.ticks_ms()
    print(await asyncio.gather(tick("a", 100, 3), tick("b", 140, 2)))
    print(290 < time.ticks_diff(time.ticks_ms(), started) < 330)
    t = asyncio.create_task(tick("c", 10, 1))
    print(t.done(), asyncio.current_task() is not t)
    print(await t, t.done())
    return 7
print(asyncio.run(main()))
`);
    expect(text).toBe("a 0\nb 0\na 1\nb 1\na 2\n['a', 'b']\nTrue\nFalse True\nc 0\nc True\n7\n");
  });

  it("gives up when a time is over, cancels, and cleans up", async () => {
    const text = await run(`
async def slow():
    try:
        await asyncio.sleep(10)
    finally:
        print("cleaned")
async def main():
    try:
        await asyncio.wait_for(slow(), 1)
    except asyncio.TimeoutError:
        print("late")
    print(await asyncio.wait_for_ms(asyncio.sleep_ms(5), 100))
    t = asyncio.create_task(slow())
    await asyncio.sleep_ms(1)
    print(t.cancel(), t.done())
    try:
        await t
    except asyncio.CancelledError:
        print("cancelled", t.done(), t.cancel())
asyncio.run(main())
`);
    expect(text).toBe("cleaned\nlate\nNone\nTrue False\ncleaned\ncancelled True False\n");
  });

  it("passes errors on to who waits, and tells of the others", async () => {
    const text = await run(`
async def fail():
    await asyncio.sleep_ms(1)
    raise ValueError("no")
async def main():
    try:
        await fail()
    except ValueError as error:
        print("caught", error)
    try:
        await asyncio.gather(fail(), asyncio.sleep_ms(50))
    except ValueError as error:
        print("gathered", error)
    print(await asyncio.gather(fail(), asyncio.sleep_ms(5), return_exceptions=True))
    asyncio.create_task(fail())
    await asyncio.sleep_ms(20)
    asyncio.get_event_loop().set_exception_handler(lambda loop, context: print("handled", context["exception"]))
    asyncio.create_task(fail())
    await asyncio.sleep_ms(20)
    raise KeyError("end")
try:
    asyncio.run(main())
except KeyError as error:
    print("ended", error)
`);
    expect(text).toMatch(
      /^caught no\ngathered no\n\[ValueError\('no',\), None\]\nTask exception wasn't retrieved\nfuture: .*\nTraceback[^]*ValueError: no\nhandled no\nended end\n$/,
    );
  });

  it("has events, locks and flags that callbacks set", async () => {
    const text = await run(`
from machine import Timer
async def worker(lock, name):
    async with lock:
        print(name, "in")
        await asyncio.sleep_ms(10)
        print(name, "out")
async def waiter(event):
    await event.wait()
    print("event")
async def main():
    lock, event, flag = asyncio.Lock(), asyncio.Event(), asyncio.ThreadSafeFlag()
    asyncio.create_task(waiter(event))
    await asyncio.gather(worker(lock, 1), worker(lock, 2), worker(lock, 3))
    print(lock.locked(), event.is_set())
    event.set()
    await asyncio.sleep_ms(1)
    Timer(0, mode=Timer.ONE_SHOT, period=100, callback=lambda t: flag.set())
    started = time.ticks_ms()
    await flag.wait()
    print("flag", 99 <= time.ticks_diff(time.ticks_ms(), started) <= 115)
asyncio.run(main())
`);
    expect(text).toBe("1 in\n1 out\n2 in\n2 out\n3 in\n3 out\nFalse False\nevent\nflag True\n");
  });

  it("serves clients and talks to servers", async () => {
    const main = `${join}
import asyncio
async def serve(reader, writer):
    line = await reader.readline()
    writer.write(b"you said " + line)
    await writer.drain()
    writer.close()
    await writer.wait_closed()
async def client(n):
    reader, writer = await asyncio.open_connection(address, 8266)
    writer.write(b"hello %d\\n" % n)
    await writer.drain()
    said = await reader.read(-1)
    await writer.wait_closed()
    return said
async def main():
    server = await asyncio.start_server(serve, "0.0.0.0", 8266)
    print(await asyncio.gather(*[client(n) for n in range(3)]))
    server.close()
    await server.wait_closed()
    print("end")
address = _w.ifconfig()[0]
asyncio.run(main())
`;
    await using fixture = await startBoard({ mode: "real", main });
    await fixture.waitFor("end\r\n", "Error");
    expect(fixture.take()).toContain("[b'you said hello 0\\n', b'you said hello 1\\n', b'you said hello 2\\n']\r\nend");
  });

  it("ends by Ctrl-C, and a new loop starts empty", async () => {
    await using fixture = await startBoard();
    const code = "import asyncio\rasync def go():\r  while True: await asyncio.sleep(1)\r\rasyncio.run(go())\r";
    await fixture.ask(code, 3000);
    expect(await fixture.ask("\x03", 100)).toContain("KeyboardInterrupt");
    await fixture.ask("l = asyncio.new_event_loop()\r");
    expect(await fixture.ask("asyncio.run(asyncio.sleep_ms(5))\r", 100)).toMatch(/sleep_ms\(5\)\)\r\n>>> $/);
  });

  it("gives a lock on when the one that was about to have it is cancelled", async () => {
    const text = await run(`
async def want(lock, name):
    async with lock:
        print(name)
async def main():
    lock = asyncio.Lock()
    await lock.acquire()
    a, b = asyncio.create_task(want(lock, "a")), asyncio.create_task(want(lock, "b"))
    await asyncio.sleep_ms(1)
    lock.release()
    a.cancel()
    await b
    print(lock.locked())
asyncio.run(main())
`);
    expect(text).toBe("b\nFalse\n");
  });

  it.each(["from asyncio import sleep_ms, run", "import uasyncio\nfrom uasyncio import sleep_ms, run"])(
    "is imported as programs do: %s",
    async (line) => {
      expect(await outputOf(`${line}\nrun(sleep_ms(3))\nprint("slept")\n`, { ms: 10 })).toBe("slept\r\n");
    },
  );

  it("raises AttributeError for what it does not have", async () => {
    const text = await run("for name in ('nothing', '__all__'):\n    print(hasattr(asyncio, name))\n");
    expect(text).toBe("False\nFalse\n");
  });

  it.each([160 * 1024, 20_000])("takes none of the %i bytes that programs have, nor splits them", async (heapBytes) => {
    const measure = `
gc.collect()
low, high = 0, gc.mem_free()
print(high)
while high - low > 64:
    middle = (low + high) // 2
    try:
        bytearray(middle)
        low = middle
    except MemoryError:
        high = middle
    gc.collect()
print(low)
`;
    const text = await outputOf(`import gc\n${measure}\nimport asyncio\nasyncio.run(asyncio.sleep_ms(1))\n${measure}`, {
      heapBytes,
      ms: 100,
    });
    const [freeBefore = 0, largestBefore = 0, freeAfter = 0, largestAfter = 0] = text.split("\r\n").map(Number);
    expect(freeBefore).toBeGreaterThan(heapBytes - 1000);
    expect(largestBefore).toBeGreaterThan(heapBytes - 2000);
    expect(Math.abs(freeAfter - freeBefore)).toBeLessThan(500);
    expect(largestAfter).toBeGreaterThan(heapBytes - 2000);
  });
});
