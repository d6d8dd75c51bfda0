"""What tasks of `asyncio` meet at: events, flags and locks."""

import io
import select
from _asyncio_core import current_task, stir, until_ready

_POLL = 3


class Event:
    def __init__(self):
        self.state = False
        self.waiting = []

    def is_set(self):
        return self.state

    def set(self):
        self.state = True
        for task in list(self.waiting):
            stir(task)

    def clear(self):
        self.state = False

    def wait(self):
        if not self.state:
            self.waiting.append(current_task())
            current_task()._leave = self.waiting.remove
            yield
        return True


class ThreadSafeFlag(io.IOBase):
    """May be set from callbacks of pins and timers; one task waits for it."""

    def __init__(self):
        self.state = 0

    def ioctl(self, request, argument):
        return self.state * argument if request == _POLL else -1

    def set(self):
        self.state = 1

    def clear(self):
        self.state = 0

    async def wait(self):
        if not self.state:
            await until_ready(self, select.POLLIN)
        self.state = 0


class Lock:
    def __init__(self):
        self._held = False
        self._waiting = []
        self._next = None

    def locked(self):
        return self._held

    def release(self):
        if not self._held:
            raise RuntimeError("Lock not acquired")
        if self._waiting:
            # The lock goes from hand to hand: nobody else may come between.
            self._next = self._waiting[0]
            stir(self._next)
        else:
            self._held = False

    def acquire(self):
        if self._held:
            me = current_task()
            self._waiting.append(me)
            me._leave = self._waiting.remove
            try:
                yield
            except BaseException:
                if self._next is me:
                    # It was about to have the lock.
                    self._next = None
                    self.release()
                raise
            self._next = None
        self._held = True
        return True

    async def __aenter__(self):
        return await self.acquire()

    async def __aexit__(self, *_):
        return self.release()
