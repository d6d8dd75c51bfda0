"""The module `select` of an ESP32: one host call a wait."""

from _board import host, check, addressof
from _sys import _Console
from socket import socket as _socket, _Layer
from array import array

POLLIN = 1
POLLOUT = 4
POLLERR = 8
POLLHUP = 16

_POLL = 3
_ONE_SHOT = 1
# An object that neither the board's network nor its console knows is asked itself, this often.
_FOREIGN_MS = 10
_CONSOLE_NUMBER = -1
_UNASKED = POLLERR | POLLHUP | 32


def _number(obj):
    """The number by which the host knows an object; None when it does not."""
    if isinstance(obj, (_socket, _Layer)):
        return obj._number
    return _CONSOLE_NUMBER if isinstance(obj, _Console) else None


class _Poll:
    def __init__(self):
        self._entries = {}
        self._changed = True

    def register(self, obj, mask=POLLIN | POLLOUT):
        entry = self._entries.get(id(obj))
        if entry is not None:
            entry[1] = mask
        else:
            if _number(obj) is None:
                obj.ioctl
            self._entries[id(obj)] = [obj, mask]
        self._changed = True
        return entry is None

    def modify(self, obj, mask):
        entry = self._entries.get(id(obj))
        if entry is None:
            raise OSError(2)
        entry[1] = mask
        self._changed = True

    def unregister(self, obj):
        self._changed = self._entries.pop(id(obj), None) is not None or self._changed

    def poll(self, timeout=-1):
        return [(entry[0], flags) for entry, flags in self._wait(timeout)]

    def ipoll(self, timeout=-1, flags=0):
        for entry, found in self._wait(timeout):
            if flags & _ONE_SHOT:
                entry[1] = 0
                self._changed = True
            yield entry[0], found

    def _wait(self, timeout):
        timeout = -1 if timeout is None or timeout < 0 else int(timeout)
        if self._changed:
            self._arrange()
        if self._foreign:
            return self._wait_foreign(timeout)
        return self._poll_host(timeout)

    def _arrange(self):
        """Known objects in one array of number, mask and flags; the others apart."""
        self._known = [entry for entry in self._entries.values() if _number(entry[0]) is not None]
        self._foreign = [entry for entry in self._entries.values() if _number(entry[0]) is None]
        self._words = array("i", bytes(12 * len(self._known)))
        for index, (obj, mask) in enumerate(self._known):
            self._words[3 * index] = _number(obj)
            self._words[3 * index + 1] = mask
        self._changed = False

    def _poll_host(self, timeout):
        words = self._words
        # A socket that was closed since keeps its place, under the number of no socket.
        for index, entry in enumerate(self._known):
            words[3 * index] = _number(entry[0])
        count = len(self._known)
        if check(host.socket_poll(addressof(words) if count else 0, count, timeout)) == 0:
            return []
        return [
            (entry, words[3 * index + 2])
            for index, entry in enumerate(self._known)
            if words[3 * index + 2]
        ]

    def _wait_foreign(self, timeout):
        while True:
            ready = []
            for entry in self._foreign:
                flags = entry[0].ioctl(_POLL, entry[1]) & (entry[1] | _UNASKED)
                if flags:
                    ready.append((entry, flags))
            step = 0 if ready else _FOREIGN_MS if timeout < 0 else min(timeout, _FOREIGN_MS)
            ready += self._poll_host(step)
            if ready or timeout == 0:
                return ready
            if timeout > 0:
                timeout -= step


def poll():
    return _Poll()


def select(readers, writers, exceptional, timeout=None):
    masks = {}
    for objects, mask in ((readers, POLLIN), (writers, POLLOUT), (exceptional, POLLERR | POLLHUP)):
        for obj in objects:
            masks[id(obj)] = (obj, masks.get(id(obj), (obj, 0))[1] | mask)
    poller = _Poll()
    for obj, mask in masks.values():
        poller.register(obj, mask)
    found = {
        id(obj): flags
        for obj, flags in poller.poll(-1 if timeout is None else int(timeout * 1000))
    }
    return (
        [obj for obj in readers if found.get(id(obj), 0) & ~POLLOUT],
        [obj for obj in writers if found.get(id(obj), 0) & ~POLLIN],
        [obj for obj in exceptional if found.get(id(obj), 0) & _UNASKED],
    )
