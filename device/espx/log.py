"""The device's log: kept in memory, and published line by line on stat/D/Log."""

from micropython import const

from espx.component import Component
from espx.topics import Publisher

_LINE_MAX = const(200)


class Lines(Publisher):
    """Publishes lines in order, each once; when too many wait, the oldest give way to a count of them."""

    def __init__(self, topic, limit):
        super().__init__(topic)
        self._limit = limit
        self._lines = []
        self._first = 0
        self._lost = 0
        self._sending = None

    def add(self, line):
        self._lines.append(line)
        if len(self._lines) > self._limit:
            self._drop_first()
            self._lost += 1
        if self._queue is not None:
            self._queue(self)

    def attach(self, loop, queue):
        super().attach(loop, queue)
        if self._lines:
            queue(self)

    def head(self):
        self._sending = (self._lost, self._first)
        if self._lost:
            return f"{self._lost} log lines lost"
        return self._lines[0] if self._lines else None

    def sent(self):
        lost, first = self._sending
        if lost:
            self._lost -= lost
        elif first == self._first and self._lines:
            self._drop_first()
        return bool(self._lines)

    def _drop_first(self):
        self._lines.pop(0)
        self._first += 1


class Log(Component):
    """Keeps the last lines for crash records and publishes those that are meant for operators."""

    name = "log"

    def start(self, ctx):
        self._limit = ctx.config.integer("loglines", 32, 1, 200)
        self._kept = []
        self._lines = ctx.bus.add_publisher(Lines("Log", self._limit))
        ctx.boot["lines"] = lambda: list(self._kept)

    def line(self, text, publish):
        """Takes one line, cut to 200 characters."""
        text = text[:_LINE_MAX]
        self._kept.append(text)
        if len(self._kept) > self._limit:
            self._kept.pop(0)
        if publish:
            self._lines.add(text)

    def publish(self, text):
        """Sends an answer as one message, whatever its length; it is not kept."""
        self._lines.add(text)


COMPONENT = Log
