"""The module `esp32`, as far as the virtual board has it: non-volatile storage, and partitions of the flash."""

from _board import host, check, addressof

WAKEUP_ALL_LOW = False
WAKEUP_ANY_HIGH = True

_EXT0 = 2
_EXT1 = 3

_NAMES = {
    -1: "ESP_FAIL",
    -0x102: "ESP_ERR_INVALID_ARG",
    -0x104: "ESP_ERR_INVALID_SIZE",
    -0x105: "ESP_ERR_NOT_FOUND",
    -0x1503: "ESP_ERR_OTA_VALIDATE_FAILED",
    -0x1102: "ESP_ERR_NVS_NOT_FOUND",
    -0x1103: "ESP_ERR_NVS_TYPE_MISMATCH",
    -0x1105: "ESP_ERR_NVS_NOT_ENOUGH_SPACE",
    -0x1109: "ESP_ERR_NVS_KEY_TOO_LONG",
    -0x110C: "ESP_ERR_NVS_INVALID_LENGTH",
}


def _done(result):
    if result in _NAMES:
        raise OSError(result, _NAMES[result])
    return check(result)


def _wake(reason, pins, level):
    if host.machine_wake_pins(reason, ",".join(str(pin._number) for pin in pins), bool(level)) < 0:
        raise ValueError("invalid pin")


def wake_on_ext0(pin=None, level=WAKEUP_ALL_LOW):
    _wake(_EXT0, () if pin is None else (pin,), level)


def wake_on_ext1(pins=None, level=WAKEUP_ALL_LOW):
    _wake(_EXT1, pins or (), level)


class NVS:
    """Values by name; they last from `commit` on."""

    def __init__(self, namespace):
        _done(host.nvs_open(namespace))
        self._namespace = namespace

    def set_i32(self, key, value):
        _done(host.nvs_set_i32(self._namespace, key, value))

    def get_i32(self, key):
        value = host.nvs_get_i32(self._namespace, key)
        if isinstance(value, str):
            _done(int(value))
        return value

    def set_blob(self, key, data):
        if isinstance(data, str):
            data = data.encode()
        _done(
            host.nvs_set_blob(self._namespace, key, addressof(data) if len(data) else 0, len(data))
        )

    def get_blob(self, key, buffer):
        return _done(
            host.nvs_get_blob(
                self._namespace, key, addressof(buffer) if len(buffer) else 0, len(buffer)
            )
        )

    def erase_key(self, key):
        _done(host.nvs_erase(self._namespace, key))

    def commit(self):
        _done(host.nvs_commit(self._namespace))


def _ota(result):
    if result < 0:
        raise OSError(result, _NAMES[result])


class Partition:
    """A partition of the flash; a block device."""

    BOOT = 0
    RUNNING = 1
    TYPE_APP = 0
    TYPE_DATA = 1

    def __init__(self, id, block_size=4096):
        if isinstance(id, _Place):
            index = id.index
        elif id == Partition.BOOT:
            index = host.partition_boot()
        elif id == Partition.RUNNING:
            index = host.partition_running()
        else:
            index = _index(lambda info: info[4] == id)
        if index < 0:
            raise OSError(2)
        if block_size <= 0 or block_size & (block_size - 1):
            raise ValueError("block size must be power of two")
        self._index = index
        self._block = block_size

    def info(self):
        return _info(self._index)

    def readblocks(self, block, buffer, offset=0):
        view = memoryview(buffer)
        _ota(_at(host.partition_read, self._index, block * self._block + offset, view))

    def writeblocks(self, block, buffer, offset=None):
        view = memoryview(buffer)
        start = block * self._block
        if offset is None:
            _ota(host.partition_erase(self._index, start, len(view)))
        else:
            start += offset
        _ota(_at(host.partition_write, self._index, start, view))

    def ioctl(self, request, argument):
        if request in (1, 2, 3):
            return 0
        if request == 4:
            return self.info()[3] // self._block
        if request == 5:
            return self._block
        if request == 6:
            _ota(host.partition_erase(self._index, argument * self._block, self._block))
            return 0

    def set_boot(self):
        _ota(host.partition_set_boot(self._index))

    def get_next_update(self):
        index = host.partition_next_update()
        if index < 0:
            raise OSError(2)
        return _new(index, 4096)

    @staticmethod
    def find(type=0, subtype=255, label=None, block_size=4096):
        found = []
        for index in range(host.partition_count()):
            info = _info(index)
            if info[0] == type and subtype in (255, info[1]) and label in (None, info[4]):
                found.append(_new(index, block_size))
        return found

    @staticmethod
    def mark_app_valid_cancel_rollback():
        _ota(host.partition_mark_valid())

    def __repr__(self):
        kind, subtype, address, size, label, encrypted = self.info()
        return "<Partition type=%u, subtype=%u, address=%u, size=%u, label=%s, encrypted=%u>" % (
            kind,
            subtype,
            address,
            size,
            label,
            encrypted,
        )


class _Place:
    def __init__(self, index):
        self.index = index


def _new(index, block_size):
    return Partition(_Place(index), block_size)


def _info(index):
    kind, subtype, address, size, encrypted, label = host.partition_info(index).split(",", 5)
    return (int(kind), int(subtype), int(address), int(size), label, encrypted == "1")


def _index(accepts):
    for index in range(host.partition_count()):
        if accepts(_info(index)):
            return index
    return -1


def _at(call, index, offset, view):
    return call(index, offset, addressof(view) if len(view) else 0, len(view))
