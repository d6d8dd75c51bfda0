"""What the modules of a virtual board share: the table of host calls, and the outcome of one."""

import _host as host
from uctypes import addressof

_EINTR = -4

_callbacks = {}


def check(result):
    """The result of a host call; raises what a negative one stands for."""
    if result >= 0:
        return result
    if result == _EINTR:
        raise KeyboardInterrupt
    raise OSError(-result)


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
