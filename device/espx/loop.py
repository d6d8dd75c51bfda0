"""Cooperative event loop: tasks by due time, polled objects, one turn at a time. All times in milliseconds."""

import gc
import random
import select
import time

from micropython import const

SECONDS = const(1000)
MINUTES = const(60000)

POLLIN = select.POLLIN
POLLOUT = select.POLLOUT
POLLERR = select.POLLERR
POLLHUP = select.POLLHUP
# What lwIP answers for a socket whose interface is down; the select module has no name for it.
POLLNVAL = const(32)

# Tick values have period 2^30 ms; differences mean something within half of it only.
_HALF_PERIOD_MS = const(1 << 29)
_FUDGE_BITS = const(24)
_COLLECT_MS = const(60000)
_IDLE_MS = const(60000)


class Task:
    """Something to call later; made by `Loop.recurring` and `Loop.once`.

    The period of a recurring task counts from the end of its callback. Raises ValueError for
    delay_ms + fudge_ms outside 0..2^29-1.
    """

    def __init__(self, loop, name, callback, delay_ms, fudge_ms, recurring):
        delay_ms, fudge_ms = int(delay_ms), int(fudge_ms)
        if delay_ms < 0 or fudge_ms < 0 or delay_ms + fudge_ms >= _HALF_PERIOD_MS:
            raise ValueError(
                f"task {name}: delay of {delay_ms} + {fudge_ms} ms is outside 0..2^29-1"
            )
        self.name = name
        self.recurring = recurring
        self._loop = loop
        self._callback = callback
        self._delay_ms = delay_ms
        self._fudge_ms = fudge_ms
        self.restart()

    def restart(self):
        """Makes it due a whole delay from now, with the random part drawn anew."""
        delay_ms = self._delay_ms + (
            self._fudge_ms * random.getrandbits(_FUDGE_BITS) >> _FUDGE_BITS
        )
        self._schedule(delay_ms)

    def advance(self):
        """Makes it due now."""
        self._schedule(0)

    def cancel(self):
        self.recurring = False
        if self in self._loop._tasks:
            self._loop._tasks.remove(self)

    def due_in(self):
        """Milliseconds until it is due, 0 or less when it is."""
        return time.ticks_diff(self.due_ms, self._loop.now())

    def run(self):
        self._loop._tasks.remove(self)
        self._callback(self)
        # The callback may have restarted, advanced or cancelled its own task.
        if self.recurring and self not in self._loop._tasks:
            self.restart()

    def _schedule(self, delay_ms):
        self.due_ms = time.ticks_add(self._loop.now(), delay_ms)
        if self not in self._loop._tasks:
            self._loop._tasks.append(self)


class Loop:
    """Runs tasks and polled objects in one thread.

    now: the clock, a function that gives ticks of period 2^30 ms.
    """

    def __init__(self, now=time.ticks_ms):
        self.now = now
        self.running = True
        self.say = print
        self._tasks = []
        self._polled = {}
        self._poller = select.poll()
        self._sockets_turn = False
        self._led = None
        self._up_s = 0
        self._up_mark_ms = now()

    def recurring(self, name, callback, period_ms, fudge_ms=0):
        """Calls callback(task) again and again, period_ms + 0..fudge_ms after its last end."""
        return Task(self, name, callback, period_ms, fudge_ms, True)

    def once(self, name, callback, delay_ms, fudge_ms=0):
        """Calls callback(task) once, unless it restarts its task."""
        return Task(self, name, callback, delay_ms, fudge_ms, False)

    def poll_object(self, name, obj, mask, callback):
        """Calls callback(flags) when obj has one of mask; replaces an earlier object of that name.

        With an error flag the object is unregistered first and the callback called a last time.
        """
        self.unpoll_object(name)
        self._poller.register(obj, mask)
        self._polled[name] = (obj, mask, callback)

    def unpoll_object(self, name):
        entry = self._polled.pop(name, None)
        if entry is not None:
            self._poller.unregister(entry[0])

    def step(self, max_ms=_IDLE_MS):
        """Waits for at most max_ms, then serves what is ready: polled objects, or one task.

        Returns the milliseconds until the next task is due, at most max_ms and 0 when one is overdue.
        """
        task = self._next()
        wait_ms = max_ms if task is None else max(0, min(max_ms, task.due_in()))
        # Sockets have their turn every second time even when tasks are always overdue.
        self._sockets_turn = not self._sockets_turn
        events = self._poll(wait_ms) if wait_ms > 0 or self._sockets_turn else None
        if events:
            for obj, flags in events:
                self._serve(obj, flags)
        else:
            task = self._next()
            if task is not None and task.due_in() <= 0:
                self._call(task.run)
        task = self._next()
        return max_ms if task is None else max(0, min(max_ms, task.due_in()))

    def run(self):
        """Turns until `running` is cleared."""
        while self.running:
            self.step()

    def use_led(self, pin, inverse=False):
        """Drives a machine.Pin while callbacks run; None drives nothing."""
        self._led = pin
        self._led_on = 0 if inverse else 1
        if pin is not None:
            pin.value(1 - self._led_on)

    def collect_every_minute(self):
        """Adds the task that collects garbage and says how much of the heap is used."""
        self.recurring("gc", self._collect, _COLLECT_MS)

    def uptime_s(self):
        """Whole seconds since the loop was made; exact when asked at least every six days."""
        passed_s = time.ticks_diff(self.now(), self._up_mark_ms) // 1000
        self._up_mark_ms = time.ticks_add(self._up_mark_ms, passed_s * 1000)
        self._up_s += passed_s
        return self._up_s

    def clear(self):
        """Forgets every task and polled object."""
        self._tasks.clear()
        for name in list(self._polled):
            self.unpoll_object(name)

    def _collect(self, _task):
        self.uptime_s()
        gc.collect()
        print(f"gc: {gc.mem_alloc()} B allocated, {gc.mem_free()} B free")

    def _next(self):
        """The task that is due first; among equals the one that was scheduled first."""
        first = None
        for task in self._tasks:
            if first is None or time.ticks_diff(task.due_ms, first.due_ms) < 0:
                first = task
        return first

    def _poll(self, wait_ms):
        try:
            return self._poller.poll(wait_ms)
        except OSError:
            broken = self._broken()
            if not broken:
                raise
            return broken

    def _broken(self):
        """Objects that cannot be polled any more, each with POLLERR."""
        broken = []
        for obj, mask, _callback in self._polled.values():
            poller = select.poll()
            try:
                poller.register(obj, mask)
                poller.poll(0)
            except OSError:
                broken.append((obj, POLLERR))
        return broken

    def _serve(self, obj, flags):
        for name, (polled, _mask, callback) in self._polled.items():
            if polled is obj:
                if flags & (POLLERR | POLLHUP | POLLNVAL):
                    self.unpoll_object(name)
                self._call(callback, flags)
                return

    def _call(self, callback, *args):
        if self._led is not None:
            self._led.value(self._led_on)
        callback(*args)
        if self._led is not None:
            self._led.value(1 - self._led_on)
