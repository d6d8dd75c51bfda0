"""One MQTT 3.1.1 connection with QoS 0, driven by the loop; nothing but the name look-up waits."""

import errno
import socket

from micropython import const

from espx.loop import POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT
from espx.mqtt_packets import (
    BAD_CONNACK,
    BAD_SUBACK,
    CLOSED,
    CONNACK,
    DISCONNECT,
    PING,
    PINGRESP,
    PUBACK,
    PUBLISH,
    REFUSED,
    SUBACK,
    TIMED_OUT,
    WRONG_RESPONSE,
    MQTTError,
    Reader,
    decode_publish,
    encode_puback,
    encode_publish,
    encode_subscribe,
)

_READ_BYTES = const(256)
_PACKET_MAX_BYTES = const(4096)
_UNSENT_MAX_BYTES = const(8192)
_PID_MAX = const(65535)
_POLL_NAME = "mqtt_socket"


class MQTTClient:
    """Connects, sends and receives through `loop`'s poller.

    The owner sets on_connected(), on_message(topic, payload, retained, dup), on_subscribed(codes), on_pong(),
    on_drained(), on_skipped() and on_closed(error); on_closed comes once for every connect() that was not closed by close().
    """

    def __init__(self, loop, timeout_ms=5000, ack_ms=10000):
        self._loop = loop
        self._timeout_ms = timeout_ms
        self._ack_ms = ack_ms
        self._buffer = memoryview(bytearray(_READ_BYTES))
        self._socket = None
        self._unsent = b""
        self._waits = {}
        self._pid = 0
        self.connected = False

    def connect(self, address, packet):
        """Starts to connect. address: of getaddrinfo. packet: from encode_connect.

        Raises OSError when that fails at once; never waits.
        """
        self._reader = Reader(_PACKET_MAX_BYTES)
        self._unsent = packet
        self._socket = socket.socket()
        self._socket.setblocking(False)
        try:
            self._socket.connect(address)
        except OSError as error:
            if error.errno != errno.EINPROGRESS:
                self._drop()
                raise
        self._wait("connect", self._timeout_ms)
        self._poll(POLLOUT)

    def close(self):
        """Says goodbye where that goes at once."""
        if self.connected and not self._unsent:
            try:
                self._socket.write(DISCONNECT)
            except OSError:
                pass
        self._drop()

    @property
    def idle(self):
        """Whether all that was sent has left."""
        return self.connected and not self._unsent

    def publish(self, topic, message, retain=False):
        self._send(encode_publish(topic, message, retain))

    def subscribe(self, topics):
        self._pid = self._pid % _PID_MAX + 1
        self._wait("suback", self._ack_ms)
        self._send(encode_subscribe(self._pid, topics))

    def ping(self):
        self._wait("pong", self._ack_ms)
        self._send(PING)

    def _send(self, packet):
        if self._socket is None:
            return
        if len(self._unsent) + len(packet) > _UNSENT_MAX_BYTES and self._unsent:
            self._fail(MQTTError(TIMED_OUT, "the broker does not take bytes"))
            return
        self._unsent += packet
        self._flush()

    def _flush(self):
        """Gives the socket what it takes now."""
        try:
            count = self._socket.write(self._unsent) or 0
        except OSError as error:
            self._fail(error)
            return
        self._unsent = self._unsent[count:]
        if self._unsent:
            if count or "drain" not in self._waits:
                self._wait("drain", self._timeout_ms)
            self._poll(POLLIN | POLLOUT)
        else:
            self._done("drain")
            self._poll(POLLIN)

    def _poll(self, mask):
        self._loop.poll_object(_POLL_NAME, self._socket, mask, self._on_flags)

    def _on_flags(self, flags):
        if flags & POLLIN:
            self._receive()
        if flags & (POLLERR | POLLHUP | POLLNVAL):
            # What came before the end is still to be read.
            while self._socket is not None and self._receive():
                pass
            self._fail(MQTTError(CLOSED, f"socket flags {flags}"))
        elif flags & POLLOUT and self._socket is not None:
            if "connect" in self._waits:
                self._done("connect")
                self._wait("connack", self._ack_ms)
            self._flush()
            if self.idle:
                self.on_drained()

    def _receive(self):
        """Returns whether there was something to read."""
        try:
            count = self._socket.readinto(self._buffer)
            if count == 0:
                raise MQTTError(CLOSED, "closed by the broker")
            packets = self._reader.feed(self._buffer[:count]) if count else ()
            if self._reader.skipped:
                self._reader.skipped = 0
                self.on_skipped()
        except (OSError, MQTTError) as error:
            self._fail(error)
            return False
        for first, body in packets:
            # An OSError out of an application's handler is not the connection's.
            try:
                self._on_packet(first, body)
            except MQTTError as error:
                self._fail(error)
        return bool(packets) or bool(count)

    def _on_packet(self, first, body):
        kind = first & 0xF0
        if self._socket is None:
            return
        if kind == CONNACK and not self.connected:
            self._on_connack(body)
        elif not self.connected:
            raise MQTTError(WRONG_RESPONSE, f"packet 0x{first:02x} before CONNACK")
        elif kind == PUBLISH:
            try:
                topic, payload, retained, dup, pid = decode_publish(first, body)
            except MemoryError:
                self.on_skipped()
                return
            if pid is not None:
                self._send(encode_puback(pid))
            self.on_message(topic, payload, retained, dup)
        elif kind == SUBACK:
            self._on_suback(body)
        elif kind == PINGRESP:
            self._done("pong")
            self.on_pong()
        elif kind != PUBACK:
            raise MQTTError(WRONG_RESPONSE, f"packet 0x{first:02x}")

    def _on_connack(self, body):
        if len(body) != 2:
            raise MQTTError(BAD_CONNACK, f"CONNACK of {len(body)} B")
        if body[1]:
            raise MQTTError(REFUSED + body[1], f"the broker refuses, code {body[1]}")
        self._done("connack")
        self.connected = True
        self.on_connected()

    def _on_suback(self, body):
        if len(body) < 3:
            raise MQTTError(BAD_SUBACK, f"SUBACK of {len(body)} B")
        if int.from_bytes(body[:2], "big") == self._pid:
            self._done("suback")
        self.on_subscribed(bytes(body[2:]))

    def _wait(self, name, limit_ms):
        """Fails the connection unless _done(name) comes in time."""
        self._done(name)
        self._waits[name] = self._loop.once(
            "mqtt_" + name,
            lambda _task: self._fail(MQTTError(TIMED_OUT, f"no {name} in {limit_ms} ms")),
            limit_ms,
        )

    def _done(self, name):
        task = self._waits.pop(name, None)
        if task is not None:
            task.cancel()

    def _fail(self, error):
        if self._socket is not None:
            self._drop()
            self.on_closed(error)

    def _drop(self):
        """Leaves nothing behind: no socket, no poll, no limit."""
        for name in list(self._waits):
            self._done(name)
        self._loop.unpoll_object(_POLL_NAME)
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._unsent = b""
        self.connected = False
