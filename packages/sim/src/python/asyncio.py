"""
The module `asyncio` of an ESP32. On the chip it lies in the firmware; here it is loaded when a program first uses it, into memory that
programs do not have.
"""

import gc
from _board import leave_free, load_more

_OF_CORE = (
    "CancelledError",
    "Loop",
    "Task",
    "TimeoutError",
    "create_task",
    "current_task",
    "get_event_loop",
    "new_event_loop",
    "run",
    "run_until_complete",
    "sleep",
    "sleep_ms",
)
_OF_OTHERS = (
    ("_asyncio_combine", ("gather", "wait_for", "wait_for_ms")),
    ("_asyncio_locks", ("Event", "Lock", "ThreadSafeFlag")),
    (
        "_asyncio_streams",
        ("Server", "Stream", "StreamReader", "StreamWriter", "open_connection", "start_server"),
    ),
)


def __getattr__(name):
    if name[:2] == "__" or "core" in globals():
        raise AttributeError(name)
    here = globals()
    gc.collect()
    free = gc.mem_free()
    core, others = load_more("_asyncio_core", [file for file, _ in _OF_OTHERS])
    for name_of_core in _OF_CORE:
        here[name_of_core] = getattr(core, name_of_core)
    for module, (_, names) in zip(others, _OF_OTHERS):
        for name_of_other in names:
            here[name_of_other] = getattr(module, name_of_other)
    here["core"] = core
    leave_free(free)
    # What is still on the stack now is garbage by then.
    core.before_first_run = lambda: leave_free(free)
    if name in here:
        return here[name]
    raise AttributeError(name)
