"""The module `hashlib` of an ESP32: three digests, each asked for once."""

from _board import host, addressof


class _Hash:
    def __init__(self, data=b""):
        self._number = host.hash_new(self._name)
        self.update(data)

    def update(self, data):
        self._check()
        if isinstance(data, str):
            data = data.encode()
        view = memoryview(data)
        if len(view):
            host.hash_update(self._number, addressof(view), len(view))

    def digest(self):
        self._check()
        data = bytearray(self._size)
        host.hash_digest(self._number, addressof(data))
        self._number = 0
        return bytes(data)

    def _check(self):
        if not self._number:
            raise ValueError("hash is final")

    def __del__(self):
        host.hash_drop(self._number)


class md5(_Hash):
    _name = "md5"
    _size = 16


class sha1(_Hash):
    _name = "sha1"
    _size = 20


class sha256(_Hash):
    _name = "sha256"
    _size = 32
