"""The module `os` of an ESP32."""

from uos import chdir, getcwd, listdir, mkdir, remove, rename, rmdir, statvfs, umount, unlink, sep
import uos as _own
from collections import namedtuple
from _board import host, addressof
from _vfs import mount

_EPOCH_2000_S = 946684800
_FOLDER = 0x4000
_FILE = 0x8000

_uname = namedtuple("uname", ("sysname", "nodename", "release", "version", "machine"))(
    "esp32",
    "esp32",
    "1.27.0",
    "v1.27.0 on 2025-12-09",
    "Generic ESP32 module with ESP32",
)


def uname():
    return _uname


def stat(path):
    found = _own.stat(path)
    # What came from outside has no time of its own.
    at = max(0, found[8] - _EPOCH_2000_S)
    return (found[0] & 0xF000, 0, 0, 0, 0, 0, found[6], at, at, at)


def ilistdir(path="."):
    for entry in _own.ilistdir(path):
        name = entry[0]
        size = 0 if entry[1] == _FOLDER else _own.stat(path + "/" + name if path else name)[6]
        yield (name, entry[1], 0, size)


def urandom(count):
    data = bytearray(count)
    if count:
        host.random_fill(addressof(data), count)
    return bytes(data)


def sync():
    pass


def dupterm(stream=None, index=0):
    return None
