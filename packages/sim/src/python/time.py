"""The module `time` of an ESP32: waits that the board knows of, and an epoch at 2000-01-01."""

from utime import ticks_add, ticks_diff, ticks_ms
import utime as _own
from _board import host, check

_EPOCH_2000_S = 946684800


def sleep(seconds):
    check(host.time_sleep(seconds * 1000))


def sleep_ms(ms):
    check(host.time_sleep(ms + 0))


def sleep_us(us):
    check(host.time_sleep(us / 1000))


def ticks_us():
    return host.time_ticks_us()


def ticks_cpu():
    return host.time_ticks_us()


def time():
    return int(host.rtc_seconds())


def time_ns():
    return int(host.rtc_seconds() * 1000000) * 1000


def gmtime(seconds=None):
    return _own.gmtime((time() if seconds is None else int(seconds)) + _EPOCH_2000_S)


localtime = gmtime


def mktime(date):
    return _own.mktime(date) - _EPOCH_2000_S
