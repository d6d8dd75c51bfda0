"""What the modules of a virtual board share: the table of host calls, and the outcome of one."""

import gc
import sys
import _host as host
from uctypes import addressof

_EINTR = -4


def check(result):
    """The result of a host call; raises what a negative one stands for."""
    if result >= 0:
        return result
    if result == _EINTR:
        raise KeyboardInterrupt
    raise OSError(-result)


# Chains of memory that programs do not have: links of the next one and a piece. In this order, since the collector's stack has 64
# entries: it goes through the piece first, and then has nothing to remember.


def _release(link):
    """Takes a chain apart: a pointer to it that lies around on the stack then keeps one link alive and not all."""
    while link is not None:
        link[1] = None
        link[0], link = None, link[0]
    gc.collect()


_rest = None


def leave_free(size):
    """Takes what is free beyond that for good, in crumbs: they fill the gaps between what is loaded."""
    global _rest
    gc.collect()
    while gc.mem_free() - size >= 128:
        _rest = [_rest, bytearray(32)]


def load_more(*files):
    """
    Loads further modules of the firmware, lists of them as lists, into memory that programs do not have; give what is left of that back
    to `leave_free`, once what loading needed is garbage.
    """
    global _rest
    rest, _rest = _rest, None
    _release(rest)
    host.firmware_show(True)
    sys.path.insert(0, "/.firmware")
    try:
        return [_load(file) for file in files]
    finally:
        sys.path.pop(0)
        host.firmware_show(False)
        for name in [name for name in sys.modules if name[:9] == "_asyncio_"]:
            sys.modules.pop(name)


def _load(file):
    return [_load(each) for each in file] if isinstance(file, list) else __import__(file)


_held = None


def _keep_free(size):
    """Takes memory from the heap until so much is free; gives all back when the number is below zero."""
    global _held
    held, _held = _held, None
    _release(held)
    if size < 0 or gc.mem_free() < size:
        return
    try:
        room = bytearray(size)
    except MemoryError:
        room = None
    piece = 2048
    while piece >= 64:
        try:
            _held = [_held, bytearray(piece)]
        except MemoryError:
            piece //= 2
    if room is None:
        # What is free lies in crumbs; some of them are given back.
        while _held and gc.mem_free() < size:
            spare, _held = _held, _held[0]
            spare[0] = None
            _release(spare)


# The host calls number 0 by itself.
_callbacks = {0: _keep_free}


def new_callback(function):
    """Keeps a function that the host calls by number."""
    number = 1
    while number in _callbacks:
        number += 1
    _callbacks[number] = function
    return number


def drop_callback(number):
    _callbacks.pop(number, None)


def dispatch(number, argument):
    """Runs a callback; what it raises is printed, as nobody waits for it."""
    function = _callbacks.get(number)
    if function is None:
        return
    try:
        function(argument)
    except Exception as error:
        import sys

        print("Unhandled exception in callback")
        sys.print_exception(error)
