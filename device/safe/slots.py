"""The boot contract on the device: slot records, the import path of a slot, and reset reasons.

Shared by /boot.py and /main.py. Both must also run with an older or newer one of these, so a function here
keeps its meaning for good. Source: SPEC.md, sections on slot records and on the boot contract.
"""

import binascii
import os
import struct
import sys

import machine
from micropython import const

TRIAL = "trial"
CONFIRMED = "confirmed"
DEV = "dev"

CRASH = const(1)
NO_NETWORK = const(2)
NO_BROKER = const(3)
COMMANDED = const(4)
UPDATE = const(5)
# Left while a set is on trial: found again, the set ended without a word (a panic, a hang, a reset of its own).
RUNNING = const(6)

_PATHS = ("/state/slot0", "/state/slot1")
_STATES = (TRIAL, CONFIRMED, DEV)
_MAGIC = b"ESPX"
_VERSION = const(1)
# magic, version, slot, state, attempts, count, floor, previous slot, spare, config, previous config
_FORMAT = "<4sBBBBIIB11s32s32s"
_SIZE_BYTES = const(96)
_BODY_BYTES = const(92)
_NO_HASH = bytes(32)

_MARK = b"EspX\x01"
_REASON_AT = const(5)
_CRASHES_AT = const(6)


class Records:
    """The two record files and the record that holds.

    record: dict of slot ("a" or "b"), state, left (attempts), count, floor, config (32 bytes or None),
    previous (slot or None) and previous_config; None when neither file is valid. faults: why a file is not.
    """

    def __init__(self):
        self.record = None
        self.faults = []
        self._index = 1
        for index in (0, 1):
            try:
                record = decode(read_bytes(_PATHS[index]))
            except (OSError, ValueError) as error:
                self.faults.append(f"{_PATHS[index]}: {error}")
                continue
            if self.record is None or record["count"] > self.record["count"]:
                self.record, self._index = record, index

    def write(self, **changes):
        """Writes the record with changes over the older file, checks it, and makes it the one that holds.

        Raises OSError when it does not read back as written.
        """
        record = dict(self.record)
        record.update(changes)
        record["count"] += 1
        data = encode(record)
        path = _PATHS[1 - self._index]
        with open(path, "wb") as file:
            file.write(data)
        if read_bytes(path) != data:
            raise OSError(f"{path} does not read back as written")
        self.record, self._index = record, 1 - self._index


def encode(record):
    """A record as 96 bytes."""
    body = struct.pack(
        _FORMAT,
        _MAGIC,
        _VERSION,
        ord(record["slot"]),
        _STATES.index(record["state"]),
        record["left"],
        record["count"],
        record["floor"],
        ord(record["previous"]) if record["previous"] else 0,
        b"",
        record["config"] or _NO_HASH,
        record["previous_config"] or _NO_HASH,
    )
    return body + struct.pack("<I", binascii.crc32(body))


def decode(data):
    """The record in 96 bytes. Raises ValueError that says what is wrong."""
    if len(data) != _SIZE_BYTES:
        raise ValueError(f"{len(data)} bytes, expected {_SIZE_BYTES}")
    fields = struct.unpack(_FORMAT, data)
    magic, version, slot, state, left, count, floor, previous, _, config, previous_config = fields
    if magic != _MAGIC or version != _VERSION:
        raise ValueError(f"not a slot record of version {_VERSION}")
    if struct.unpack("<I", data[_BODY_BYTES:])[0] != binascii.crc32(data[:_BODY_BYTES]):
        raise ValueError("wrong checksum")
    if slot not in b"ab" or previous not in b"\x00ab" or state >= len(_STATES):
        raise ValueError("names no slot or state")
    return {
        "slot": chr(slot),
        "state": _STATES[state],
        "left": left,
        "count": count,
        "floor": floor,
        "config": None if config == _NO_HASH else config,
        "previous": chr(previous) if previous else None,
        "previous_config": None if previous_config == _NO_HASH else previous_config,
    }


def config_path(config):
    """Where the config file with this SHA-256 lies; None is the hand-placed one."""
    if config is None:
        return "/config.txt"
    return "/config-" + binascii.hexlify(config[:4]).decode() + ".txt"


def enter(slot):
    """Puts the slot and its lib first on the import path, and no other slot."""
    ours = ("/a", "/a/lib", "/b", "/b/lib", "/safe")
    stock = [path for path in sys.path if path not in ours]
    sys.path[:] = ["/" + slot, "/" + slot + "/lib"] + stock


def main_file(slot):
    """Path of the slot's application, or None when there is none."""
    for name in ("/main.py", "/main.mpy"):
        if exists("/" + slot + name):
            return "/" + slot + name
    return None


def is_foreign(slot):
    """Whether the application is a plain program: one that sets no `components`, and feeds no watchdog."""
    path = main_file(slot)
    if path.endswith(".mpy"):
        return b"components" not in read_bytes(path)
    with open(path) as file:
        return not any(line.startswith("components") for line in file)


def exists(path):
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def read_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def replace_file(path, text):
    """Writes text under a temporary name, reads it back, and renames. Raises OSError."""
    temporary = path + ".new"
    with open(temporary, "w") as file:
        file.write(text)
    with open(temporary) as file:
        if file.read() != text:
            raise OSError(f"{temporary} does not read back as written")
    try:
        os.rename(temporary, path)
    except OSError:
        # FAT does not rename over a file.
        os.remove(path)
        os.rename(temporary, path)


def mark(reason, crashes=0):
    """Leaves the reason of the coming reset, and how many crashes in a row it is, in RTC memory."""
    old = machine.RTC().memory()
    rest = old[_CRASHES_AT + 1 :] if old[:5] == _MARK else b""
    machine.RTC().memory(_MARK + bytes((reason, min(crashes, 255))) + rest)


def take_mark():
    """(reason, crashes) of the last reset, once; (0, 0) when there is none."""
    memory = machine.RTC().memory()
    if memory[:5] != _MARK or len(memory) <= _REASON_AT or not memory[_REASON_AT]:
        return 0, 0
    crashes = memory[_CRASHES_AT] if len(memory) > _CRASHES_AT else 0
    mark(0)
    return memory[_REASON_AT], crashes
