"""The maintenance commands of earlier epx devices on cmnd/D/OTA; updates themselves do not go this way."""

import os

from micropython import const

from espx.component import Component
from espx.supervisor import COMMANDED
from espx.topics import Command, Publisher

_EVAL_MS = const(10000)
_FORCE_MS = const(86400000)
_STATS = "netstats"
_FILES = {"msg_reboot": "reboot.txt", "msg_exception": "exception.txt"}
_ELSEWHERE = "updates of this device go through espx"


class OTA(Component):
    """Answers on stat/D/Log; what changes the device is obeyed only with `otacommands` 1."""

    name = "ota"
    needs = ("log", "mqtt")

    def start(self, ctx):
        self._ctx = ctx
        self._allowed = ctx.config.flag("otacommands")
        # Original tools wait for this topic; it stays empty where no update server can be opened.
        self.topics = [Publisher("OTA", lambda: "", _EVAL_MS, _FORCE_MS)]
        self.commands = [Command("OTA", self._obey)]

    def _obey(self, text):
        if text in _FILES:
            self._answer(_read(_FILES[text]))
        elif text == "msg_rm":
            for name in _FILES.values():
                _remove(name)
        elif text == "stats":
            net, mqtt = self._stats()
            self._answer(f"connlost events net {net} mqtt {mqtt}")
        elif text == "resetstats":
            store = self._ctx.open_store(_STATS)
            store.set_int("connlost", 0)
            store.set_int("mqttlost", 0)
            self._answer("connlost events are 0 again")
        elif text == "getversion":
            self._answer(str(tuple(os.uname())))
        elif text == "partitions":
            self._answer(_partitions())
        elif text in ("open", "commit"):
            self._answer(_ELSEWHERE)
        elif text in ("reboot", "keepversion", "test_exception"):
            self._change(text)

    def _change(self, text):
        if not self._allowed:
            self._answer(f"{text} is not allowed: the config has no otacommands 1")
        elif text == "reboot":
            self._ctx.reboot(COMMANDED, "commanded over MQTT")
        elif text == "keepversion":
            self._answer(_keep_firmware())
        else:
            raise RuntimeError("test_exception was asked for over MQTT")

    def _stats(self):
        store = self._ctx.open_store(_STATS)
        return store.get_int("connlost") or 0, store.get_int("mqttlost") or 0

    def _answer(self, text):
        self._ctx.component("log").publish(text)


def _read(name):
    try:
        with open("/state/" + name) as file:
            return file.read().strip()
    except OSError:
        return f"({name} not found)"


def _remove(name):
    try:
        os.remove("/state/" + name)
    except OSError:
        pass


def _partitions():
    try:
        from esp32 import Partition
    except ImportError:
        return "this firmware does not tell its partitions"
    names = ",".join(part.info()[4] for part in Partition.find(Partition.TYPE_APP))
    return f"available partitions {names}, running {Partition(Partition.RUNNING).info()[4]}"


def _keep_firmware():
    try:
        from esp32 import Partition

        Partition.mark_app_valid_cancel_rollback()
    except (ImportError, OSError) as error:
        return f"the firmware cannot be kept: {error}"
    return "the running firmware is kept"


COMPONENT = OTA
