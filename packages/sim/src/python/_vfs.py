"""The module `vfs` of an ESP32: its flash is littlefs."""

from vfs import *
import vfs as _own


class VfsLfs2:
    """The file system on the flash; it is made by the firmware alone."""

    def __init__(self, *args):
        if args:
            raise OSError(19)

    def __repr__(self):
        return "<VfsLfs2>"


_flash = VfsLfs2()
_flash_own = [own for own, path in _own.mount() if path == "/"]


def mount(*args, **keywords):
    """Without arguments: what is mounted, and where."""
    if args:
        return _own.mount(*args, **keywords)
    return [(_flash if own in _flash_own else own, path) for own, path in _own.mount()]
