# Who waits for a task hands a cancel on to it; a time limit does not.
try:
    import asyncio
except ImportError:
    print("SKIP")
    raise SystemExit

async def inner():
    try:
        await asyncio.sleep(1)
    except asyncio.CancelledError:
        print("inner cancelled")
        raise
async def middle(t):
    try:
        await t
    finally:
        print("middle ends")
async def main():
    i = asyncio.create_task(inner())
    m = asyncio.create_task(middle(i))
    o = asyncio.create_task(middle(m))
    await asyncio.sleep(0.1)
    o.cancel()
    try:
        await o
    except asyncio.CancelledError:
        print("cancelled", i.done(), m.done(), o.done())
    # ended while waiting
    try:
        await asyncio.wait_for(asyncio.sleep(0.1), 0.01)
    except asyncio.TimeoutError:
        print("late")
    async def fail():
        raise KeyError(1, 2)
    try:
        await asyncio.wait_for(fail(), 1)
    except KeyError as e:
        print(repr(e))
asyncio.run(main())
