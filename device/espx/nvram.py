"""Integers and strings in non-volatile memory that survive missing and damaged entries."""

import esp32
from micropython import const

# NVS keys have at most 15 characters, and a string keeps its length under <key>_len.
_KEY_MAX = const(15)
_STR_KEY_MAX = const(11)


class NVRAM:
    """One NVS namespace, at most 15 characters."""

    def __init__(self, namespace):
        self._nvs = esp32.NVS(namespace[:_KEY_MAX])

    def get_int(self, key):
        """A signed 32-bit number, or None when there is none."""
        try:
            return self._nvs.get_i32(key)
        except OSError:
            return None

    def set_int(self, key, value):
        """Raises ValueError for a key over 15 characters or a value outside 32 bits."""
        if len(key) > _KEY_MAX:
            raise ValueError(f"key {key} has {len(key)} characters, at most 15 fit")
        if not -0x80000000 <= value <= 0x7FFFFFFF:
            raise ValueError(f"{value} does not fit 32 bits")
        self._nvs.set_i32(key, value)
        self._nvs.commit()

    def get_str(self, key):
        """A str, or None when it is missing, cut short or not UTF-8."""
        size = self.get_int(key + "_len")
        if size is None or size < 0:
            return None
        try:
            buffer = bytearray(size)
            if self._nvs.get_blob(key, buffer) != size:
                return None
            return str(buffer, "utf-8")
        except (OSError, UnicodeError, MemoryError):
            return None

    def set_str(self, key, text):
        """Raises ValueError for a key over 11 characters."""
        if len(key) > _STR_KEY_MAX:
            raise ValueError(f"key {key} has {len(key)} characters, at most 11 fit")
        data = text.encode()
        self._nvs.set_blob(key, data)
        self.set_int(key + "_len", len(data))

    def increment(self, key):
        """Adds one to a counter, which starts at 0; returns its new value."""
        value = (self.get_int(key) or 0) + 1
        self.set_int(key, value)
        return value
