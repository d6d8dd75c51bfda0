"""Keeps the device on its Wi-Fi network."""

import network
from micropython import const

from espx.component import Component
from espx.state_machine import StateMachine
from espx.supervisor import NO_NETWORK

_CONNECTING_POLL_MS = const(1000)
_CONNECTED_POLL_MS = const(5000)
# The name that earlier epx devices used: their counters survive.
_STATS = "netstats"


class Net(Component):
    """Connects, notices a lost link, tries again, and reboots after too long a failure.

    States: initial, start, idle, connecting, connected, connlost. ssid `(none)` leaves it in initial.
    """

    name = "net"
    limits_itself = True

    def start(self, ctx):
        self._ctx = ctx
        self._loop = ctx.loop
        self._read_config(ctx.config)
        self._wlan = None
        self._machine = machine = StateMachine(ctx.loop, "net")
        machine.add_state("start", self._on_start)
        machine.add_state("idle", self._on_idle)
        machine.add_state("connecting", self._on_connecting)
        machine.add_state("connected", self._on_connected)
        machine.add_state("connlost", self._on_connlost)
        machine.add_transition("initial", "start")
        machine.add_transition("start", "idle")
        machine.add_transition("idle", "connecting")
        machine.add_transition("connecting", "connected")
        machine.add_transition("connecting", "connlost")
        machine.add_transition("connected", "connlost")
        machine.add_transition("connlost", "idle")
        self.observe = machine.observe
        self.unobserve = machine.unobserve
        if self.enabled:
            machine.schedule_trans("start", ctx.config.ms("netstart", 12))

    def stop(self):
        self._machine.cancel_state_tasks()
        if self._wlan is not None:
            self._wlan.active(False)

    @property
    def state(self):
        return self._machine.state

    def ifconfig(self):
        """(state, (address, mask, gateway, dns) or None)."""
        return (self.state, None if self._wlan is None else self._wlan.ifconfig())

    def macaddr(self):
        """`AA:BB:CC:DD:EE:FF`, or None without an interface."""
        if self._wlan is None:
            return None
        return ":".join(f"{byte:02X}" for byte in self._wlan.config("mac"))

    def _read_config(self, config):
        self._ssid = config.get("ssid")
        self._password = config.get("password")
        self.enabled = self._ssid not in (None, "(none)")
        if self._ssid is None:
            self._ctx.log("no ssid in the config, networking is off")
        elif self._ssid in ("(wired)", "(wired2)"):
            self._ctx.log("wired networks are not supported, networking is off")
            self.enabled = False
        self._settle_ms = config.ms("netsettle", 1)
        self._connect_ms = config.ms("netconnect", 60)
        self._retry_ms = config.ms("netretry", 30)
        self._retry_fudge_ms = config.ms("netretryfudge", 15)
        self._reboot_s = config.integer("netreboot", 600, 0, 86400)

    def _on_start(self):
        self._wlan = network.WLAN(network.STA_IF)
        self._wlan.active(False)
        self._last_link_s = self._loop.uptime_s()
        self._machine.schedule_trans("idle", self._settle_ms)

    def _on_idle(self):
        self._wlan.active(False)
        failing_s = self._loop.uptime_s() - self._last_link_s
        if self._reboot_s and failing_s > self._reboot_s:
            self._ctx.reboot(NO_NETWORK, f"no network for {failing_s} s")
            return
        self._machine.schedule_trans("connecting", self._settle_ms)

    def _on_connecting(self):
        try:
            self._wlan.active(True)
            self._wlan.connect(self._ssid, self._password)
        # The driver has errors of its own for some failures, such as too little memory.
        except (OSError, RuntimeError) as error:
            self._fail(f"connect failed: {error}")
            return
        self._machine.schedule_trans("connlost", self._connect_ms)
        # A first look at once, for networks that answer at once.
        self._machine.recurring_task(
            "net_poll", self._poll_connecting, _CONNECTING_POLL_MS
        ).advance()

    def _poll_connecting(self, _task):
        status = self._wlan.status()
        if status == network.STAT_GOT_IP:
            self._machine.schedule_trans_now("connected")
        elif status == network.STAT_WRONG_PASSWORD:
            self._fail("the access point refuses the password")
        elif status == network.STAT_NO_AP_FOUND:
            self._fail(f"no access point named {self._ssid}")
        elif status != network.STAT_CONNECTING:
            self._fail(f"not connected, status {status}")

    def _fail(self, why):
        self._ctx.say(why)
        self._machine.schedule_trans_now("connlost")

    def _on_connected(self):
        self._ctx.log(f"address {self._wlan.ifconfig()[0]}")
        self._machine.recurring_task("net_poll", self._poll_connected, _CONNECTED_POLL_MS)

    def _poll_connected(self, _task):
        status = self._wlan.status()
        if status == network.STAT_GOT_IP:
            return
        self._last_link_s = self._loop.uptime_s()
        self._ctx.count(_STATS, "connlost")
        self._fail(f"link lost, status {status}")

    def _on_connlost(self):
        self._wlan.active(False)
        self._machine.schedule_trans("idle", self._retry_ms, self._retry_fudge_ms)


COMPONENT = Net
