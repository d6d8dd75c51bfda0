# An error is told to the handler a turn after it, unless somebody asked for it by then.
try:
    import asyncio
except ImportError:
    print("SKIP")
    raise SystemExit


async def fail(n):
    raise ValueError(n, n)


async def main():
    loop = asyncio.get_event_loop()
    loop.set_exception_handler(lambda loop, context: print("told", context["exception"].args))
    asyncio.create_task(fail(1))
    for _ in range(3):
        await asyncio.sleep(0)
    asked = asyncio.create_task(fail(2))
    await asyncio.sleep(0)
    try:
        await asked
    except ValueError as error:
        print("asked", error.args)


asyncio.run(main())
