"""Built-in functions that must reach the board's console."""

import builtins
from _board import host

_END_OF_FILE = -1000


def input(prompt=""):
    line = host.console_line(str(prompt))
    if isinstance(line, str):
        return line
    if line == _END_OF_FILE:
        raise EOFError
    raise KeyboardInterrupt


builtins.input = input
