"""The device on its MQTT broker: what it publishes, what it obeys, and how it stays connected."""

import binascii
import socket

import machine
from micropython import const

from espx.component import Component
from espx.loop import MINUTES
from espx.mqtt_client import MQTTClient
from espx.mqtt_packets import encode_connect
from espx.state_machine import StateMachine
from espx.supervisor import NO_BROKER
from espx.topics import Command, Publisher

_PORT = const(1883)
_BACKOFF_MAX_MS = const(300000)
_REFUSED_TOPIC = const(0x80)
# The name that earlier epx devices used: their counters survive.
_STATS = "netstats"


class MQTT(Component):
    """Publishes the bus's publishers under stat/<mqttname>/ and obeys its commands under cmnd/<mqttname>/.

    States: initial, start, testnet, connect, connected, connlost. Without broker or name, or with networking
    off, it stays in initial. Publishers wait in a queue of the latest value each.
    """

    name = "mqtt"
    needs = ("net",)
    limits_itself = True

    def start(self, ctx):
        self._ctx = ctx
        self._loop = ctx.loop
        self._queue = []
        self._sending = None
        self._pumping = False
        self._proved = False
        self._read_config(ctx.config)
        self._client = MQTTClient(ctx.loop, self._timeout_ms, self._ack_ms)
        self._client.on_connected = self._on_connack
        self._client.on_message = self._on_message
        self._client.on_subscribed = self._on_suback
        self._client.on_pong = self._on_pong
        self._client.on_skipped = lambda: ctx.log("a message is too long and is passed over")
        self._client.on_drained = self._on_drained
        self._client.on_closed = self._on_closed
        self._states = self._build_states()
        if self.enabled:
            ctx.bus.add_publisher(Publisher("Uptime", self._uptime, 1 * MINUTES, 30 * MINUTES))
            ctx.bus.add_command(Command("Refresh", self._refresh))
            ctx.bus.connect(self)
            self._states.schedule_trans("start", ctx.config.ms("mqttstart", 12))

    def stop(self):
        self._states.cancel_state_tasks()
        self._client.close()

    def health(self):
        """Whether an answer came back through the broker on this connection."""
        return not self.enabled or (self.state == "connected" and self._proved)

    @property
    def state(self):
        return self._states.state

    def attach(self, publisher):
        """Takes a publisher of the bus."""
        publisher.attach(self._loop, self._enqueue)

    def subscribe(self, command):
        """Takes a command that was added late; effective at once."""
        if self._client.connected:
            self._client.subscribe([self._topic("cmnd/%s/", command.topic)])

    def _read_config(self, config):
        self._host, self._port = self._broker(config.get("mqttbroker"))
        self._device = self._checked_name(config.get("mqttname"))
        self._user = config.get("mqttuser")
        self._password = config.get("mqttpassword")
        net = self._ctx.component("net")
        self.enabled = None not in (self._host, self._device) and net.enabled
        self._backoff_start_ms = max(100, config.ms("mqttbackoff", 0.5, 3600))
        self._keepalive_s = config.integer("mqttkeepalive", 60, 0, 65535)
        self._ping_ms = max(1000, config.ms("mqttping", 20, 3600))
        self._ping_fudge_ms = config.ms("mqttpingfudge", 10, 3600)
        self._timeout_ms = max(1000, config.ms("mqtttimeout", 5, 60))
        self._ack_ms = max(1000, config.ms("mqttack", 10, 120))
        self._reboot_s = config.integer("mqttreboot", 600, 0, 86400)

    def _broker(self, text):
        """host or host:port."""
        if text is None:
            return None, _PORT
        host, _, port = text.rpartition(":")
        if not host:
            return text, _PORT
        if port.isdigit() and 0 < int(port) < 65536:
            return host, int(port)
        self._ctx.log(f"mqttbroker {text} is not host or host:port, MQTT is off")
        return None, _PORT

    def _checked_name(self, name):
        if name is not None and any(char in name for char in "/+#"):
            self._ctx.log(f"mqttname {name} cannot be part of a topic, MQTT is off")
            return None
        return name

    def _build_states(self):
        states = StateMachine(self._loop, "mqtt")
        states.add_state("start", self._on_start)
        states.add_state("testnet", self._on_testnet)
        states.add_state("connect", self._on_connect)
        states.add_state("connected", self._on_connected)
        states.add_state("connlost", self._on_connlost)
        states.add_transition("initial", "start")
        states.add_transition("start", "testnet")
        states.add_transition("testnet", "connect")
        states.add_transition("connect", "connected")
        states.add_transition("connect", "connlost")
        states.add_transition("connected", "connlost")
        states.add_transition("connlost", "testnet")
        return states

    def _on_start(self):
        self._backoff_ms = self._backoff_start_ms
        self._heard()
        self._states.schedule_trans_now("testnet")

    def _on_testnet(self):
        net = self._ctx.component("net")
        net.observe("mqtt", "connected", lambda: self._states.schedule_trans_now("connect"))

    def _on_connect(self):
        client_id = self._device + binascii.hexlify(machine.unique_id()).decode()
        packet = encode_connect(client_id, self._user, self._password, self._keepalive_s)
        try:
            # The look-up is the one thing that may wait: the port offers no other.
            address = self._ctx.may_block(socket.getaddrinfo, self._host, self._port)[0][-1]
            self._client.connect(address, packet)
        except OSError as error:
            self._on_closed(error)

    def _on_connack(self):
        topics = [self._topic("cmnd/%s/", command.topic) for command in self._ctx.bus.commands]
        self._client.subscribe(topics)

    def _on_suback(self, codes):
        if _REFUSED_TOPIC in codes:
            self._ctx.say("the broker refuses a subscription")
        if self.state == "connect":
            self._states.schedule_trans_now("connected")

    def _on_connected(self):
        self._backoff_ms = self._backoff_start_ms
        self._heard()
        self._proved = self._pumping = False
        self._ping_task = self._states.recurring_task(
            "mqtt_ping", lambda _task: self._client.ping(), self._ping_ms, self._ping_fudge_ms
        )
        # The first one proves the way through the broker and back.
        self._client.ping()
        self._ctx.component("net").observe("mqtt", "connlost", self._on_net_lost)
        self._pump()

    def _on_net_lost(self):
        if self.state == "connected":
            self._client.close()
            self._on_closed("network lost")

    def _on_closed(self, error):
        """The connection, or the attempt at one, is over."""
        self._ctx.say(f"connection lost: {error}")
        if self._sending is not None and self._sending not in self._queue:
            self._queue.insert(0, self._sending)
        self._sending = None
        if self.state == "connected":
            self._ctx.count(_STATS, "mqttlost")
        else:
            self._backoff_ms = min(self._backoff_ms * 3 // 2, _BACKOFF_MAX_MS)
            silent_s = self._loop.uptime_s() - self._heard_s
            if self._reboot_s and silent_s > self._reboot_s:
                self._ctx.reboot(NO_BROKER, f"no broker for {silent_s} s")
                return
        self._states.schedule_trans_now("connlost")

    def _on_connlost(self):
        self._proved = False
        self._ctx.component("net").unobserve("mqtt")
        self._states.schedule_trans("testnet", self._backoff_ms, self._backoff_ms // 2)

    def _on_pong(self):
        self._heard()
        self._proved = True

    def _on_message(self, topic, payload, retained, dup):
        self._heard()
        for command in self._ctx.bus.commands:
            if self._topic("cmnd/%s/", command.topic) == topic:
                why_not = command.receive(payload, retained, dup)
                if why_not is not None:
                    self._ctx.log(f"{topic} ignored: {why_not}")
                return

    def _refresh(self, text):
        if text:
            for publisher in self._ctx.bus.publishers:
                publisher.requeue()

    def _uptime(self):
        return str(self._loop.uptime_s() // 60)

    def _heard(self):
        self._heard_s = self._loop.uptime_s()

    def _enqueue(self, publisher):
        if publisher not in self._queue:
            self._queue.append(publisher)
            self._pump()

    def _pump(self):
        """Sends one publication in the next turn of the loop."""
        if self.state == "connected" and self._queue and not self._pumping:
            self._pumping = True
            self._states.onetime_task("mqtt_publish", self._publish_first, 0)

    def _publish_first(self, _task):
        self._pumping = False
        if not self._client.idle or not self._queue:
            return
        publisher = self._queue.pop(0)
        value = publisher.head()
        if value is not None:
            self._sending = publisher
            topic = self._topic("stat/%s/", publisher.topic)
            self._client.publish(topic, str(value), publisher.retain)
        if self._client.idle:
            self._on_drained()

    def _on_drained(self):
        """All bytes have left: what was being sent is sent."""
        publisher, self._sending = self._sending, None
        if publisher is not None:
            self._ping_task.restart()
            if publisher.sent() and publisher not in self._queue:
                self._queue.append(publisher)
        self._pump()

    def _topic(self, prefix, topic):
        return (topic if "%s" in topic else prefix + topic).replace("%s", self._device)


COMPONENT = MQTT
