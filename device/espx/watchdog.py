"""Resets the device when its loop is blocked."""

import machine
from micropython import const

from espx.component import Component
from espx.loop import SECONDS

_FEED_MS = const(1000)
_FAST_GRACE_MS = const(1000)
_BLOCKED_MS = const(120000)


# The timer once it is armed: a tool at the prompt feeds it, since making one would arm it.
_armed = []


def feed():
    """Feeds the timer where it is armed."""
    for timer in _armed:
        timer.feed()


class Watchdog(Component):
    """Feeds the hardware timer from the loop; armed after a grace in which a crash loop can be interrupted.

    A set on trial finds it armed already, by the launcher. It cannot be disarmed.
    """

    name = "watchdog"

    def __init__(self):
        self._wdt = None
        self._boot = {}

    def start(self, ctx):
        self._loop = ctx.loop
        self._boot = ctx.boot
        self._timeout_ms = int(ctx.config.number("watchdogtimeout", 15, 2, 3600) * SECONDS)
        if self._boot.get("armed"):
            self._arm()
        elif ctx.config.flag("watchdog"):
            grace_ms = ctx.config.ms("watchdoggrace", 10, 600)
            if machine.reset_cause() == machine.DEEPSLEEP_RESET:
                grace_ms = min(grace_ms, _FAST_GRACE_MS)
            self._loop.once("watchdog", self._arm, grace_ms)

    def may_block(self, callback, *args):
        """callback(*args) with about 120 s before the reset."""
        if self._wdt is None:
            return callback(*args)
        self._set_timeout(max(_BLOCKED_MS, self._timeout_ms))
        try:
            return callback(*args)
        finally:
            self._set_timeout(self._timeout_ms)

    def _arm(self, _task=None):
        self._set_timeout(self._timeout_ms)
        # The launcher looks here to know whether it has to keep the timer from firing.
        self._boot["armed"] = True
        self._loop.recurring("watchdog", lambda _task: self._wdt.feed(), _FEED_MS)

    def _set_timeout(self, timeout_ms):
        self._wdt = machine.WDT(timeout=timeout_ms)
        self._wdt.feed()
        _armed[:] = (self._wdt,)
