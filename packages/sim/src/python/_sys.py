"""The module `sys` of an ESP32; stands in for the interpreter's own."""

from sys import *
import sys as _own
import io
from collections import namedtuple
from _board import host, check, addressof

platform = "esp32"
version = "3.4.0; MicroPython v1.27.0 on 2025-12-09"
path = _own.path
modules = _own.modules
argv = _own.argv
implementation = namedtuple("implementation", ("name", "version", "_machine", "_mpy", "_build"))(
    "micropython",
    (1, 27, 0, ""),
    "Generic ESP32 module with ESP32",
    _own.implementation._mpy,
    "ESP32_GENERIC",
)

_POLL = 3
_POLL_IN = 1
_POLL_OUT = 4


class _Console(io.IOBase):
    """Bytes from and to the console; `text` turns CR into LF on the way in and LF into CR LF on the way out."""

    def __init__(self, text):
        self._text = text

    def _read_exactly(self, view):
        got = 0
        while got < len(view):
            part = view[got:]
            got += check(host.console_read(addressof(part), len(part), -1))
        if self._text:
            for at in range(len(view)):
                if view[at] == 13:
                    view[at] = 10

    def read(self, size=-1):
        if size < 0:
            raise OSError(22)
        data = bytearray(size)
        self._read_exactly(memoryview(data))
        return str(data, "utf-8") if self._text else bytes(data)

    def readinto(self, buffer, size=-1):
        view = memoryview(buffer)
        if size >= 0:
            view = view[:size]
        self._read_exactly(view)
        return len(view)

    def readline(self, size=-1):
        line = bytearray()
        byte = bytearray(1)
        while size < 0 or len(line) < size:
            self._read_exactly(memoryview(byte))
            line.extend(byte)
            if byte[0] == 10:
                break
        return str(line, "utf-8") if self._text else bytes(line)

    def write(self, data, first=None, second=None):
        if isinstance(data, str):
            data = data.encode()
        view = memoryview(data)
        if second is not None:
            view = view[first : first + second]
        elif first is not None:
            view = view[:first]
        if len(view):
            host.console_write(addressof(view), len(view), self._text)
        return len(view)

    def ioctl(self, request, argument):
        if request == _POLL:
            ready = _POLL_OUT | (_POLL_IN if host.console_any() else 0)
            return ready & argument
        return 0

    def fileno(self):
        return 0


class _Text(_Console):
    def __init__(self):
        super().__init__(True)
        self.buffer = _Console(False)


stdin = _Text()
stdout = _Text()
stderr = stdout
