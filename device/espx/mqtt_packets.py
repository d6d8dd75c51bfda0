"""MQTT 3.1.1 packets: values to bytes, and an incremental reader of bounded size. Source: OASIS MQTT 3.1.1."""

from micropython import const

CONNACK = const(0x20)
PUBLISH = const(0x30)
PUBACK = const(0x40)
SUBACK = const(0x90)
PINGRESP = const(0xD0)

PING = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"

# Error numbers, as the uumqtt library counted them.
CLOSED = const(1)
TOO_LONG = const(4)
WRONG_RESPONSE = const(6)
REFUSED = const(20)
BAD_CONNACK = const(29)
TIMED_OUT = const(30)
BAD_SUBACK = const(40)

_TEXT_MAX = const(65535)
_LENGTH_MAX = const(0x0FFFFFFF)


class MQTTError(Exception):
    """number: one of the constants above, or 20 + the return code of a CONNACK."""

    def __init__(self, number, text):
        super().__init__(number, text)
        self.number = number


def encode_connect(client_id, user=None, password=None, keepalive_s=0, will=None, clean=True):
    """CONNECT. will: (topic, message, retain, qos) or None; texts are str or bytes.

    Raises MQTTError TOO_LONG for a text over 65535 bytes.
    """
    flags = 0x02 if clean else 0
    body = text(client_id)
    if will is not None:
        topic, message, retain, qos = will
        flags |= 0x04 | qos << 3 | (0x20 if retain else 0)
        body += text(topic) + text(message)
    if user is not None:
        flags |= 0x80
        body += text(user)
    if password is not None:
        flags |= 0x40
        body += text(password)
    head = b"\x00\x04MQTT\x04" + bytes((flags, keepalive_s >> 8, keepalive_s & 0xFF))
    return packet(0x10, head + body)


def encode_publish(topic, message, retain=False):
    """PUBLISH with QoS 0."""
    return packet(PUBLISH | (1 if retain else 0), text(topic) + raw(message))


def encode_subscribe(pid, topics):
    """SUBSCRIBE of all topics with QoS 0; pid 1..65535."""
    return packet(
        0x82, pid.to_bytes(2, "big") + b"".join(text(topic) + b"\x00" for topic in topics)
    )


def encode_puback(pid):
    return packet(PUBACK, pid.to_bytes(2, "big"))


def packet(first, body):
    """A whole packet. Raises MQTTError TOO_LONG above 268,435,455 bytes."""
    left = len(body)
    if left > _LENGTH_MAX:
        raise MQTTError(TOO_LONG, f"packet of {left} B")
    head = bytearray((first,))
    while True:
        head.append(left & 0x7F | (0x80 if left > 0x7F else 0))
        left >>= 7
        if not left:
            return bytes(head) + body


def text(value):
    """A length-prefixed UTF-8 string."""
    data = raw(value)
    if len(data) > _TEXT_MAX:
        raise MQTTError(TOO_LONG, f"text of {len(data)} B")
    return len(data).to_bytes(2, "big") + data


def raw(value):
    return value.encode() if isinstance(value, str) else bytes(value)


def decode_publish(first, body):
    """(topic, payload, retained, dup, pid); pid is None with QoS 0.

    Raises MQTTError WRONG_RESPONSE for QoS 2 or 3, a short packet or a topic that is not UTF-8.
    """
    qos = first >> 1 & 3
    size = int.from_bytes(body[:2], "big")
    start = 2 + size + (2 if qos else 0)
    if qos > 1 or len(body) < start or not size:
        raise MQTTError(WRONG_RESPONSE, f"publish of {len(body)} B with QoS {qos}")
    try:
        topic = str(body[2 : 2 + size], "utf-8")
    except UnicodeError:
        raise MQTTError(WRONG_RESPONSE, "topic is not UTF-8") from None
    pid = int.from_bytes(body[2 + size : start], "big") if qos else None
    return topic, bytes(memoryview(body)[start:]), bool(first & 1), bool(first & 8), pid


class Reader:
    """Takes bytes as they come and gives whole packets.

    A packet over limit_bytes, or one that the memory has no room for, is passed over and counted in `skipped`.
    """

    def __init__(self, limit_bytes):
        self.skipped = 0
        self._limit_bytes = limit_bytes
        self._first = -1
        self._shift = 0
        self._left = 0
        self._body = None

    def feed(self, data):
        """A list of (first byte, body as a bytearray) that data completes.

        Raises MQTTError WRONG_RESPONSE for a length of more than four bytes.
        """
        packets = []
        at = 0
        while at < len(data):
            if self._first < 0:
                self._first = data[at]
                self._shift = self._left = 0
                at += 1
            elif self._shift >= 0:
                self._feed_length(data[at], packets)
                at += 1
            else:
                part = data[at : at + self._left]
                at += len(part)
                self._left -= len(part)
                if self._body is not None:
                    end = len(self._body) - self._left
                    self._body[end - len(part) : end] = part
                self._finish(packets)
        return packets

    def _feed_length(self, byte, packets):
        self._left |= (byte & 0x7F) << self._shift
        self._shift += 7
        if byte & 0x80:
            if self._shift > 21:
                raise MQTTError(WRONG_RESPONSE, "length of more than four bytes")
            return
        self._shift = -1
        self._body = self._room() if self._left <= self._limit_bytes else None
        self._finish(packets)

    def _room(self):
        """Whoever may send to a device must not end its program."""
        try:
            return bytearray(self._left)
        except MemoryError:
            return None

    def _finish(self, packets):
        if self._left:
            return
        first, body = self._first, self._body
        self._first, self._body = -1, None
        if body is None:
            self.skipped += 1
        else:
            packets.append((first, body))
