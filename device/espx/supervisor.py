"""Starts the components, watches a set on trial, and takes everything down again."""

import binascii
import sys

import machine
import micropython
from micropython import const

from espx.component import Context
from espx.config import Config
from espx.console import Console
from espx.loop import Loop
from espx.topics import Bus
from espx.watchdog import Watchdog

# Reasons for a reset, as the RTC memory keeps them.
CRASH = const(1)
NO_NETWORK = const(2)
NO_BROKER = const(3)
COMMANDED = const(4)
UPDATE = const(5)

_PROOF_S = const(10)
_CHECK_MS = const(1000)


class NotHealthy(Exception):
    """A set on trial did not come up in time."""


class Supervisor:
    """Holds what components share.

    app: the application's module or None. boot: see `espx.run.run`.
    """

    def __init__(self, app, boot):
        self.boot = boot
        self.loop = Loop()
        self.bus = Bus()
        self.config = Config()
        self.config.sections[""].update(getattr(app, "defaults", {}))
        self.components = {}
        self.watchdog = Watchdog()
        self.loop.say = lambda text: self.log(text, False)
        self._parts = list(getattr(app, "components", ()))
        self._started = []
        self._ready_s = None
        self._said = set()

    def run(self, parts):
        """Runs parts and the application's components until the loop is stopped."""
        self._read_config()
        self._set_led()
        self.loop.collect_every_minute()
        self._start(self.watchdog)
        self._start(Console(self.state))
        parts = in_order(parts + self._parts)
        self.loop.once("start", lambda _task: self._start_all(parts), self._start_delay_ms())
        try:
            self.loop.run()
        finally:
            # A tool sends Ctrl-C twice; the second one shall not break the stopping. The launcher allows it again.
            micropython.kbd_intr(-1)
            self.stop()

    def log(self, text, publish):
        print(text)
        log = self.components.get("log")
        if log is not None:
            log.line(text, publish)

    def waiting(self):
        """Names of what a confirmation still waits for."""
        if self._ready_s is None:
            return ["start"]
        names = self._unhealthy()
        if self.loop.uptime_s() - self._ready_s < _PROOF_S:
            names.append("loop")
        return names

    def state(self):
        """What the console and other tools are told."""
        boot = self.boot
        trial = boot.get("state") == "trial"
        facts = {
            "id": binascii.hexlify(machine.unique_id()).decode(),
            "release": self._release(),
            "slot": boot.get("slot"),
            "state": boot.get("state"),
            "config": _config_digits(boot.get("config")),
            "waiting": self.waiting() if trial else self._unhealthy(),
        }
        # A trial is asked again and again; looking at every file takes a while.
        if not trial and boot.get("slot"):
            facts["digest"] = self._digest()
        return facts

    def reboot(self, reason, text):
        self.log("reboot: " + text, False)
        self.stop()
        self.boot["reset"](reason, text)

    def hibernate(self, ms):
        """An orderly deep sleep of a healthy set on trial proves it."""
        if (
            self.boot.get("state") == "trial"
            and not self._unhealthy()
            and self._ready_s is not None
        ):
            self._confirm()
        self.stop()
        machine.deepsleep(ms)

    def stop(self):
        """Stops in reverse order; one that fails does not keep the others from it."""
        self.loop.running = False
        while self._started:
            part = self._started.pop()
            try:
                part.stop()
            # Whatever one of them did, the others still have to be left safe.
            except Exception as error:  # noqa: BLE001
                print(part.name + ": stop failed:")
                sys.print_exception(error)
        self.loop.clear()

    def _read_config(self):
        path = self.boot.get("config") or "/config.txt"
        try:
            self.config.read_file(path)
        except OSError:
            self.log(f"config: {path} cannot be read, every key has its default", True)

    def _set_led(self):
        pin = self.config.section("").integer("ledpin", 0, 0, 48)
        if pin:
            led = machine.Pin(pin, machine.Pin.OUT)
            self.loop.use_led(led, self.config.section("").flag("ledinverse"))

    def _start_delay_ms(self):
        """After power-on a whole house shall not start in lock-step."""
        if machine.reset_cause() != machine.PWRON_RESET:
            return 0
        import random

        longest_ms = self.config.section("").ms("startdelay", 10, 600)
        return longest_ms * random.getrandbits(16) >> 16

    def _start_all(self, parts):
        for part in parts:
            self._start(part)
        self._ready_s = self.loop.uptime_s()
        if self.boot.get("state") == "trial":
            self.log(f"trial: {self._release()} waits for its proof", False)
            self.loop.recurring("trial", self._check, _CHECK_MS)

    def _start(self, part):
        part.start(Context(self, part.name))
        self.bus.add(part)
        self.components[part.name] = part
        self._started.append(part)

    def _check(self, task):
        waiting = self.waiting()
        if not waiting:
            task.cancel()
            self._confirm()
            return
        limit_s = self.config.section("").number("triallimit", 180, 20, 86400)
        if self.loop.uptime_s() - self._ready_s < limit_s:
            return
        # The network and the broker have limits of their own.
        ill = self._unhealthy()
        late = [part.name for part in self._started if part.name in ill and not part.limits_itself]
        if late:
            raise NotHealthy(f"not healthy {limit_s} s after the start: {late}")

    def _confirm(self):
        self.boot["confirm"]()
        self.boot["state"] = "confirmed"
        self.log(f"trial: {self._release()} is confirmed", True)

    def _digest(self):
        from espx.digest import set_digest

        boot = self.boot
        keep = (boot.get("release") or {}).get("keep", ())
        return set_digest(boot["slot"], boot.get("config") or "/config.txt", keep)

    def _release(self):
        return (self.boot.get("release") or {}).get("id")

    def _unhealthy(self):
        return [part.name for part in self._started if not self._is_healthy(part)]

    def _is_healthy(self, part):
        """A health() that raises says no: whoever only asks how a device is must not crash it."""
        try:
            return part.health()
        except Exception as error:  # noqa: BLE001
            if part.name not in self._said:
                self._said.add(part.name)
                print(part.name + ": health failed:")
                sys.print_exception(error)
            return False


def _config_digits(path):
    """The digits of the SHA-256 in the name of a deployed config; None for a hand-placed one."""
    if not path or not path.startswith("/config-"):
        return None
    return path[8:16]


def in_order(parts):
    """Parts with every need before its user. Raises ValueError for a missing need, a circle, or a name given twice."""
    names = [part.name for part in parts]
    done = []
    left = list(parts)
    while left:
        for part in left:
            if names.count(part.name) > 1:
                raise ValueError("two components are named " + part.name)
            missing = [need for need in part.needs if need not in names]
            if missing:
                raise ValueError(f"{part.name} needs {missing[0]}, which is not in this set")
            if all(any(need == one.name for one in done) for need in part.needs):
                done.append(part)
                left.remove(part)
                break
        else:
            raise ValueError(f"components need each other: {[part.name for part in left]}")
    return done
