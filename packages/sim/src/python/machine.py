"""The module `machine` of an ESP32, as far as the virtual board has it."""

from _board import host, check, addressof, new_callback, drop_callback
import time as _time
import utime as _utime

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5

PIN_WAKE = 2
EXT0_WAKE = 2
EXT1_WAKE = 3
TIMER_WAKE = 4
TOUCHPAD_WAKE = 5
ULP_WAKE = 6

SLEEP = 2
DEEPSLEEP = 4

_EPOCH_2000_S = 946684800
_FREQUENCIES = (20000000, 40000000, 80000000, 160000000, 240000000)
_frequency = 160000000


def reset():
    host.machine_reset()


def soft_reset():
    host.machine_request_soft_reset()
    raise SystemExit


def reset_cause():
    return host.machine_reset_cause()


def wake_reason():
    return host.machine_wake_reason()


def deepsleep(time_ms=0):
    host.machine_deepsleep(time_ms)


def lightsleep(time_ms=None):
    check(host.time_sleep(-1 if time_ms is None else time_ms))


def idle():
    check(host.time_sleep(1))


def freq(hz=None):
    global _frequency
    if hz is None:
        return _frequency
    if hz not in _FREQUENCIES:
        raise ValueError("frequency must be 20MHz, 40MHz, 80Mhz, 160MHz or 240MHz")
    _frequency = hz


def unique_id():
    from binascii import unhexlify

    return unhexlify(host.machine_mac())


def disable_irq():
    return 0


def enable_irq(state):
    pass


class Pin:
    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_DOWN = 1
    PULL_UP = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2
    WAKE_LOW = 4
    WAKE_HIGH = 5
    DRIVE_0 = 0
    DRIVE_1 = 1
    DRIVE_2 = 2
    DRIVE_3 = 3

    def __init__(self, id, mode=-1, pull=-1, *, value=None, drive=None, hold=None):
        number = id._number if isinstance(id, Pin) else id
        if not isinstance(number, int) or not host.pin_exists(number):
            raise ValueError("invalid pin")
        self._number = number
        self._callback = 0
        self.init(mode, pull, value=value)

    def init(self, mode=-1, pull=-1, *, value=None, drive=None, hold=None):
        if value is not None:
            host.pin_set(self._number, 1 if value else 0)
        if mode != -1 and host.pin_mode(self._number, mode) < 0:
            raise ValueError("pin can only be input")
        if pull != -1:
            host.pin_pull(self._number, pull or 0)

    def value(self, level=None):
        if level is None:
            return host.pin_get(self._number)
        host.pin_set(self._number, 1 if level else 0)

    __call__ = value

    def on(self):
        host.pin_set(self._number, 1)

    def off(self):
        host.pin_set(self._number, 0)

    def toggle(self):
        host.pin_set(self._number, 1 - host.pin_get(self._number))

    def irq(self, handler=None, trigger=3, *, wake=None, hard=False):
        drop_callback(self._callback)
        self._callback = 0
        if handler is not None:
            self._callback = new_callback(lambda _: handler(self))
        host.pin_irq(self._number, self._callback, trigger if handler is not None else 0)

    def __repr__(self):
        return "Pin(%d)" % self._number


class Signal:
    def __init__(self, pin, *args, invert=False, **keywords):
        self._pin = pin if isinstance(pin, Pin) else Pin(pin, *args, **keywords)
        self._invert = invert

    def value(self, level=None):
        if level is None:
            return self._pin.value() ^ self._invert
        self._pin.value(bool(level) ^ self._invert)

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)


class Timer:
    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, id, **keywords):
        self._id = id
        self._number = 0
        if keywords:
            self.init(**keywords)

    def init(self, *, mode=1, freq=-1, period=-1, callback=None, tick_hz=1000, hard=False):
        self.deinit()
        if freq != -1:
            period = int(1000 / freq)
        else:
            period = period * 1000 // tick_hz
        if callback is None:
            return

        def fire(_):
            if mode == 0:
                drop_callback(number)
            callback(self)

        self._number = number = new_callback(fire)
        host.timer_start(number, period, mode == 1)

    def deinit(self):
        if self._number:
            host.timer_stop(self._number)
            drop_callback(self._number)
            self._number = 0


class WDT:
    def __init__(self, id=0, timeout=5000):
        if id != 0:
            raise ValueError("WDT(%s) doesn't exist" % id)
        if not isinstance(timeout, int):
            raise TypeError("can't convert %s to int" % type(timeout).__name__)
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        check(host.machine_watchdog(timeout))

    def feed(self):
        host.machine_watchdog_feed()


class UART:
    """UART 0 is the console; nothing hangs on the others, but where one's own pins meet."""

    INV_TX = 4
    INV_RX = 32
    INV_RTS = 64
    INV_CTS = 8
    RTS = 1
    CTS = 2
    IRQ_RX = 32
    IRQ_RXIDLE = 4096
    IRQ_BREAK = 128
    _PINS = {0: (1, 3), 1: (10, 9), 2: (17, 16)}
    _ROOM = 256

    def __init__(self, id, *args, **keywords):
        if id not in self._PINS:
            raise ValueError("UART(%d) does not exist" % id)
        self._id = id
        self._baudrate = 115200
        self._bits = 8
        self._parity = None
        self._stop = 1
        self._tx, self._rx = self._PINS[id]
        self._timeout = 0
        self._timeout_char = 0
        self._held = bytearray()
        if args or keywords or id:
            self.init(*args, **keywords)

    def init(
        self,
        baudrate=None,
        bits=None,
        parity=-1,
        stop=None,
        *,
        tx=None,
        rx=None,
        rts=None,
        cts=None,
        txbuf=None,
        rxbuf=None,
        timeout=None,
        timeout_char=None,
        invert=None,
        flow=None,
    ):
        if bits not in (None, 5, 6, 7, 8):
            raise ValueError("invalid data bits")
        if stop not in (None, 1, 2):
            raise ValueError("invalid stop bits")
        if baudrate is not None and baudrate <= 0:
            raise ValueError("invalid baudrate")
        if baudrate:
            self._baudrate = baudrate
            if self._id == 0:
                check(host.console_baud(baudrate))
        self._bits = bits or self._bits
        self._stop = stop or self._stop
        if parity != -1:
            self._parity = parity if parity is None else parity & 1
        self._tx = self._tx if tx is None else Pin(tx)._number
        self._rx = self._rx if rx is None else Pin(rx)._number
        self._timeout = self._timeout if timeout is None else timeout
        self._timeout_char = self._timeout_char if timeout_char is None else timeout_char

    def deinit(self):
        self._held = bytearray()

    def any(self):
        return host.console_any() if self._id == 0 else len(self._held)

    def read(self, size=-1):
        if size < 0:
            size = self.any() or 1
        data = bytearray(size)
        count = self.readinto(data)
        return None if count is None else bytes(memoryview(data)[:count])

    def readinto(self, buffer, size=-1):
        view = memoryview(buffer)
        if size >= 0:
            view = view[:size]
        count = 0
        while count < len(view):
            got = self._take(view[count:], self._timeout_char if count else self._timeout)
            if got == 0:
                break
            count += got
        return count or None

    def readline(self):
        line = bytearray()
        byte = bytearray(1)
        while self._take(byte, self._timeout_char if line else self._timeout):
            line.extend(byte)
            if byte[0] == 10:
                break
        return bytes(line) or None

    def _take(self, view, timeout):
        if self._id == 0:
            return check(host.console_read(addressof(view), len(view), timeout))
        if not self._held:
            check(host.time_sleep(timeout))
        count = min(len(view), len(self._held))
        view[:count] = self._held[:count]
        self._held = self._held[count:]
        return count

    def write(self, data, size=-1):
        if isinstance(data, str):
            data = data.encode()
        view = memoryview(data)
        if size >= 0:
            view = view[:size]
        if self._id == 0:
            if len(view):
                host.console_write(addressof(view), len(view), False)
        elif self._tx == self._rx:
            self._held.extend(view[: max(0, self._ROOM - len(self._held))])
        return len(view)

    def flush(self):
        pass

    def txdone(self):
        return True

    def sendbreak(self):
        pass

    def irq(self, handler=None, trigger=0, hard=False):
        raise OSError(95)

    def ioctl(self, request, argument):
        if request == 3:
            return argument & (4 | (1 if self.any() else 0))
        return 0

    def __repr__(self):
        return "UART(%d, baudrate=%d, bits=%d, parity=%s, stop=%d, tx=%d, rx=%d, rts=-1, cts=-1)" % (
            self._id,
            self._baudrate,
            self._bits,
            self._parity,
            self._stop,
            self._tx,
            self._rx,
        )


class RTC:
    def __init__(self, *args):
        if args:
            self.init(*args)

    def init(self, date):
        self.datetime(date)

    def datetime(self, date=None):
        if date is None:
            seconds = host.rtc_seconds()
            now = _time.gmtime(int(seconds))
            micros = int((seconds - int(seconds)) * 1000000)
            return (now[0], now[1], now[2], now[6], now[3], now[4], now[5], micros)
        year, month, day, _, hour, minute, second = date[:7]
        micros = date[7] if len(date) > 7 else 0
        host.rtc_set(
            _utime.mktime((year, month, day, hour, minute, second, 0, 0)) - _EPOCH_2000_S + micros / 1000000
        )

    def memory(self, data=None):
        if data is None:
            held = bytearray(host.rtc_length())
            if held:
                host.rtc_read(addressof(held))
            return bytes(held)
        if isinstance(data, str):
            data = data.encode()
        view = memoryview(data)
        if host.rtc_write(addressof(view) if len(view) else 0, len(view)) < 0:
            raise ValueError("buffer too long")
