"""What a device publishes and obeys over MQTT, apart from how it is sent.

A topic here is what follows stat/D/ or cmnd/D/, or a whole topic with %s for the device's name.
"""


def differs(force, old, new):
    """The usual rule for publishing: when forced, or when the value changed."""
    return force or old != new


class Publisher:
    """A value of the device.

    generate: function that gives the value, None for nothing to say.
    eval_ms: how often it is evaluated, 0 never. force_ms: silence after which it is sent all the same, 0 never.
    condition(force, old, new): whether to publish.
    """

    def __init__(
        self, topic, generate=None, eval_ms=0, force_ms=0, retain=False, condition=differs
    ):
        self.topic = topic
        self.retain = retain
        self.value = None
        self._generate = generate
        self._eval_ms = eval_ms
        self._force_ms = force_ms
        self._condition = condition
        self._queue = None
        self._force_task = None

    def attach(self, loop, queue):
        """Starts evaluating; queue(publisher) is called when there is something to send."""
        self._queue = queue
        if self._force_ms > 0:
            self._force_task = loop.recurring(
                self.topic, lambda _task: self.evaluate(True), self._force_ms
            )
        if self._eval_ms > 0:
            loop.recurring(self.topic, lambda _task: self.evaluate(), self._eval_ms).advance()
        elif self.value is not None:
            queue(self)

    def evaluate(self, force=False):
        """Asks for the value and queues it by the rule."""
        if self._generate is not None:
            self.offer(self._generate(), force)

    def force(self):
        """Publishes the value as it is now, changed or not."""
        self.evaluate(True)

    def offer(self, value, force=False):
        """Takes a value that the application has at hand."""
        if not self._condition(force, self.value, value):
            return
        self.value = value
        self.requeue()

    def requeue(self):
        """Queues the last value, unless that is None."""
        if self.value is None or self._queue is None:
            return
        if self._force_task is not None:
            self._force_task.restart()
        self._queue(self)

    def head(self):
        """What to send now, or None."""
        return self.value

    def sent(self):
        """Told when the connection took it; returns whether there is more."""
        return False


class Command:
    """Something that the device obeys.

    handler(text): called with the message as str. With raw, handler(payload, retained, dup) sees every
    message as bytes; without, retained and duplicate ones are refused, so that none is obeyed twice.
    """

    def __init__(self, topic, handler, raw=False):
        self.topic = topic
        self.raw = raw
        self._handler = handler

    def receive(self, payload, retained, dup):
        """Returns None when obeyed, else why not."""
        if self.raw:
            self._handler(payload, retained, dup)
            return None
        if retained or dup:
            return "retained" if retained else "a duplicate"
        try:
            text = str(payload, "utf-8")
        except UnicodeError:
            return "not UTF-8"
        except MemoryError:
            return "too long for the memory that is left"
        self._handler(text)
        return None


class Bus:
    """Where components leave what they publish and obey; the MQTT service picks it up."""

    def __init__(self):
        self.publishers = []
        self.commands = []
        self._link = None

    def add(self, component):
        for publisher in component.topics:
            self.add_publisher(publisher)
        for command in component.commands:
            self.add_command(command)

    def add_publisher(self, publisher):
        self.publishers.append(publisher)
        if self._link is not None:
            self._link.attach(publisher)
        return publisher

    def add_command(self, command):
        """Raises ValueError when the topic has a command already."""
        if any(command.topic == other.topic for other in self.commands):
            raise ValueError(f"two commands on topic {command.topic}")
        self.commands.append(command)
        if self._link is not None:
            self._link.subscribe(command)
        return command

    def connect(self, link):
        """link has attach(publisher) and subscribe(command)."""
        self._link = link
        for publisher in self.publishers:
            link.attach(publisher)

    def publish(self, topic, text, retain):
        for publisher in self.publishers:
            if publisher.topic == topic:
                break
        else:
            publisher = self.add_publisher(Publisher(topic, retain=retain))
        publisher.retain = retain
        publisher.offer(text, True)
