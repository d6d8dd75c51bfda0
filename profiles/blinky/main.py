"""blinky: an LED at a rate that MQTT sets and reports.

cmnd/D/Rate sets how often it lights in a second (0.1..20) until the next start; stat/D/Rate reports it.
"""

from machine import Pin
from micropython import const

from espx.component import Component
from espx.topics import Command, Publisher

_RATE_MIN_HZ = 0.1
_RATE_MAX_HZ = 20
_EVAL_MS = const(1000)
_FORCE_MS = const(1800000)


class Led(Component):
    """Toggles the LED; `pin`, `inverse` and `rate` are in the config."""

    name = "led"
    needs = ("log",)

    def start(self, ctx):
        self._ctx = ctx
        pin = ctx.config.integer("pin", 2, 0, 48)
        self._off = 1 if ctx.config.flag("inverse") else 0
        self._lit = False
        self._pin = Pin(pin, Pin.OUT, value=self._off)
        self._rate_hz = ctx.config.number("rate", 1, _RATE_MIN_HZ, _RATE_MAX_HZ)
        self._task = None
        self._blink()
        self._report = Publisher("Rate", self._rate_text, _EVAL_MS, _FORCE_MS)
        self.topics = [self._report]
        self.commands = [Command("Rate", self._set_rate)]

    def stop(self):
        self._task.cancel()
        self._pin.value(self._off)

    def _blink(self):
        if self._task is not None:
            self._task.cancel()
        half_period_ms = int(500 / self._rate_hz)
        self._task = self._ctx.loop.recurring("led", self._toggle, half_period_ms)

    def _toggle(self, _task):
        self._lit = not self._lit
        self._pin.value(1 - self._off if self._lit else self._off)

    def _rate_text(self):
        return f"{self._rate_hz:g}"

    def _set_rate(self, text):
        try:
            rate_hz = float(text)
        except ValueError:
            rate_hz = 0
        # Written so that "nan" is refused too.
        if not _RATE_MIN_HZ <= rate_hz <= _RATE_MAX_HZ:
            self._ctx.log(f"rate {text[:32]} is not in {_RATE_MIN_HZ}..{_RATE_MAX_HZ} Hz")
            return
        self._rate_hz = rate_hz
        self._blink()
        self._report.evaluate()


# Below the config: one LED has no need to wait for others after a power cut.
defaults = {"startdelay": "0", "netstart": "0", "netsettle": "0", "mqttstart": "0"}
components = [Led()]
