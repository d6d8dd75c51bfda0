"""Tasks that take turns, and wait for time and for streams with one `select.poll`: the core of `asyncio`."""

import select
import sys
from time import ticks_add, ticks_diff, ticks_ms as ticks


class CancelledError(BaseException):
    pass


class TimeoutError(Exception):
    pass


class Task:
    def __init__(self, coro):
        self.coro = coro
        self.data = None
        self._ended = False
        self._error = None
        self._throw = None
        self._seen = False
        self._waiters = []
        self._due = 0
        self._leave = None
        self._awaits = None

    def __iter__(self):
        self._seen = True
        if not self._ended:
            me = cur_task
            me._awaits = self
            try:
                yield from until_one_ends((self,))
            finally:
                me._awaits = None
        if self._error is not None:
            raise self._error
        return self.data

    def done(self):
        return self._ended

    def cancel(self):
        if self._ended:
            return False
        if self is cur_task:
            raise RuntimeError("can't cancel self")
        # The task at the end of a chain of those that wait for each other is cancelled; the others hear of it.
        last = self
        while last._awaits is not None:
            last = last._awaits
        stir(last, CancelledError())
        return True


_queue = []
_waits = {}
_poller = select.poll()
cur_task = None
_handler = None
_stopping = False
before_first_run = None


def _push(task, due):
    """Into the queue by time, behind those of the same time."""
    task._due = due
    at = len(_queue)
    while at and ticks_diff(_queue[at - 1]._due, due) > 0:
        at -= 1
    _queue.insert(at, task)
    task._leave = _leave_queue


def _leave_queue(task):
    _queue.remove(task)


def stir(task, error=None):
    """Ends whatever a task waits in, and has it go on; with an error when there is one."""
    if task._leave is not None:
        task._leave(task)
    task._throw = error
    _push(task, ticks())


def until_one_ends(tasks):
    me = cur_task

    def leave(_):
        for task in tasks:
            if me in task._waiters:
                task._waiters.remove(me)

    for task in tasks:
        task._waiters.append(me)
    me._leave = leave
    yield


def until_ready(stream, mask):
    """Waits until `stream` may be read or written; one task for each."""
    me = cur_task
    key = (id(stream), mask)

    def leave(_):
        del _waits[key]
        _watch(stream)

    if key in _waits:
        raise RuntimeError("another task waits for this stream")
    _waits[key] = me
    me._leave = leave
    _watch(stream)
    yield


def _watch(stream):
    mask = 0
    for one in (select.POLLIN, select.POLLOUT):
        if (id(stream), one) in _waits:
            mask |= one
    if mask:
        _poller.register(stream, mask)
    else:
        _poller.unregister(stream)


def _poll(timeout):
    for stream, flags in _poller.poll(timeout):
        for mask in (select.POLLIN, select.POLLOUT):
            task = _waits.get((id(stream), mask))
            if task is not None and (flags & mask or flags & ~(select.POLLIN | select.POLLOUT)):
                stir(task)


def create_task(coro):
    if not hasattr(coro, "send"):
        raise TypeError("coroutine expected")
    task = Task(coro)
    _push(task, ticks())
    return task


def as_task(awaitable):
    return awaitable if isinstance(awaitable, Task) else create_task(awaitable)


def current_task():
    if cur_task is None:
        raise RuntimeError("no running event loop")
    return cur_task


def _step(task):
    """Runs a task up to where it next waits."""
    global cur_task
    if task._ended:
        # A turn of the loop has passed since it failed, and nobody asked.
        if not task._seen:
            _tell(task)
        return
    task._leave = None
    error, task._throw = task._throw, None
    cur_task = task
    try:
        if error is None:
            task.coro.send(None)
        else:
            task.coro.throw(error)
        if task._leave is None:
            _push(task, ticks())
    except StopIteration as end:
        _end(task, end.value, None)
    except (CancelledError, Exception) as raised:
        _end(task, None, raised)
    finally:
        cur_task = None


def _end(task, data, error):
    task._ended = True
    task.data = data
    task._error = error
    if error is not None and not task._waiters and not isinstance(error, CancelledError):
        _push(task, ticks())
    for waiter in list(task._waiters):
        stir(waiter)


def _tell(task):
    context = {
        "message": "Task exception wasn't retrieved",
        "exception": task._error,
        "future": task,
    }
    Loop.call_exception_handler(context)


def run_until_complete(main):
    global _stopping, before_first_run
    if before_first_run is not None:
        before_first_run()
        before_first_run = None
    main = None if main is None else as_task(main)
    if main is not None:
        main._seen = True
    _stopping = False
    while not _stopping and not (main is not None and main._ended):
        wait = max(0, ticks_diff(_queue[0]._due, ticks())) if _queue else -1
        if wait < 0 and not _waits:
            return None
        if wait != 0 or _waits:
            _poll(wait)
        if _queue and ticks_diff(_queue[0]._due, ticks()) <= 0:
            _step(_queue.pop(0))
    if main is not None and main._ended:
        if main._error is not None:
            raise main._error
        return main.data


def run(coro):
    return run_until_complete(create_task(coro))


def sleep_ms(ms):
    _push(cur_task, ticks_add(ticks(), max(0, ms)))
    yield


def sleep(seconds):
    return sleep_ms(int(seconds * 1000))


class Loop:
    @staticmethod
    def create_task(coro):
        return create_task(coro)

    @staticmethod
    def run_forever():
        return run_until_complete(None)

    @staticmethod
    def run_until_complete(awaitable):
        return run_until_complete(awaitable)

    @staticmethod
    def stop():
        global _stopping
        _stopping = True

    @staticmethod
    def close():
        pass

    @staticmethod
    def set_exception_handler(handler):
        global _handler
        _handler = handler

    @staticmethod
    def get_exception_handler():
        return _handler

    @staticmethod
    def default_exception_handler(loop, context):
        print(context["message"])
        print("future:", context["future"], "coro=", context["future"].coro)
        sys.print_exception(context["exception"])

    @staticmethod
    def call_exception_handler(context):
        (_handler or Loop.default_exception_handler)(Loop, context)


def get_event_loop():
    return Loop


def new_event_loop():
    """Forgets every task, as after a program that ended."""
    global _handler
    for task in list(_waits.values()):
        task._leave(task)
    _queue.clear()
    _handler = None
    return Loop
