# Tasks that are due at different times run in the order of these; those of one time as they were made.
try:
    import asyncio
except ImportError:
    print("SKIP")
    raise SystemExit


async def say(text, seconds):
    await asyncio.sleep(seconds)
    print(text)
    return text


async def late():
    try:
        await asyncio.wait_for(say("never", 5), 0.1)
    except asyncio.TimeoutError:
        print("late")


async def main():
    print(await asyncio.gather(say("b", 0.2), say("a", 0.1), say("c", 0.3)))
    first = asyncio.create_task(say("first", 0))
    second = asyncio.create_task(say("second", 0))
    await first
    await second
    await late()
    cancelled = asyncio.create_task(say("not said", 1))
    await asyncio.sleep(0)
    cancelled.cancel()
    try:
        await cancelled
    except asyncio.CancelledError:
        print("cancelled", cancelled.done())
    lock = asyncio.Lock()
    async with lock:
        print(lock.locked())
    event = asyncio.Event()
    waiting = asyncio.create_task(event.wait())
    await asyncio.sleep(0)
    event.set()
    print(await waiting, event.is_set())


asyncio.run(main())
