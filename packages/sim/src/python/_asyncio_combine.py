"""Ways of `asyncio` to wait for tasks: with an end in time, and for several."""

from _asyncio_core import CancelledError, TimeoutError, as_task, create_task, sleep_ms, until_one_ends


async def _cancel_after(task, ms, late):
    await sleep_ms(ms)
    late.append(task.cancel())


async def wait_for_ms(awaitable, timeout):
    if timeout is None:
        return await awaitable
    task = as_task(awaitable)
    late = []
    timer = create_task(_cancel_after(task, timeout, late))
    task._seen = True
    try:
        if not task._ended:
            await until_one_ends((task,))
    except CancelledError:
        task.cancel()
        raise
    finally:
        timer.cancel()
    if late and late[0]:
        raise TimeoutError
    if task._error is not None:
        raise task._error
    return task.data


def wait_for(awaitable, timeout):
    return wait_for_ms(awaitable, None if timeout is None else int(timeout * 1000))


async def gather(*awaitables, return_exceptions=False):
    tasks = [as_task(one) for one in awaitables]
    for task in tasks:
        task._seen = True
    try:
        while True:
            left = [task for task in tasks if not task._ended]
            if not return_exceptions:
                for task in tasks:
                    if task._error is not None:
                        raise task._error
            if not left:
                return [task.data if task._error is None else task._error for task in tasks]
            await until_one_ends(left)
    except CancelledError:
        for task in tasks:
            task.cancel()
        raise
