"""Answers a tool's question on the serial console without stopping the program."""

import json
import select
import sys

from micropython import const

from espx.component import Component

_QUERY = b"#espx? 1"
_LINE_MAX = const(32)
_TURN_MAX = const(64)


class Console(Component):
    """Reads lines from stdin; `#espx? 1` is answered with `#espx! 1 {json}`, anything else is dropped.

    state: function that gives the dict to answer.
    """

    name = "console"

    def __init__(self, state):
        self._state = state
        self._line = bytearray(_LINE_MAX)
        self._length = 0
        # Reading as text could wait for the rest of a UTF-8 character.
        self._input = getattr(sys.stdin, "buffer", sys.stdin)
        self._ready = select.poll()

    def start(self, ctx):
        self._ready.register(sys.stdin, select.POLLIN)
        ctx.loop.poll_object("console", sys.stdin, select.POLLIN, self._read)

    def _read(self, _flags):
        for _ in range(_TURN_MAX):
            if not self._ready.poll(0):
                return
            char = self._input.read(1)
            if not char:
                return
            self._feed(char[0] if isinstance(char, bytes) else ord(char))

    def _feed(self, code):
        if code in (10, 13):
            if bytes(self._line[: self._length]) == _QUERY:
                print("#espx! 1 " + json.dumps(self._state()))
            self._length = 0
        elif self._length < _LINE_MAX:
            self._line[self._length] = code
            self._length += 1
