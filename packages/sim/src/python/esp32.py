"""The module `esp32`, as far as the virtual board has it: non-volatile storage."""

from _board import host, check, addressof

_NAMES = {
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
