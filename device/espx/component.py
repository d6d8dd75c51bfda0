"""What every component is, and what it is given."""


class Component:
    """One concern of the device. Components never import each other; they meet through ctx.

    name: unique; also its config section and its NVS namespace.
    needs: names of components that are started before it.
    commands, topics: lists of espx.topics.Command and Publisher, offered over MQTT where there is MQTT.
    limits_itself: whether it reboots the device itself when it stays unhealthy for long.
    """

    name = ""
    needs = ()
    commands = ()
    topics = ()
    limits_itself = False

    def start(self, ctx):
        """Registers tasks and returns soon. An exception is a crash of the set."""

    def stop(self):
        """Leaves hardware safe and closes what is open; called once, also after a crash."""

    def health(self):
        """Whether it does its work. A set on trial is confirmed only when all components do."""
        return True


class Context:
    """What a component may touch: the loop, its config, the log, its store, MQTT, and other components by name.

    boot: how the device came up (see `espx.run.run`).
    """

    def __init__(self, supervisor, name):
        self._supervisor = supervisor
        self._name = name
        self.loop = supervisor.loop
        self.boot = supervisor.boot
        self.bus = supervisor.bus
        self.config = supervisor.config.section(name)
        self.config.say = self.log

    def log(self, text):
        """A line for the console, the kept log lines and stat/D/Log."""
        self._supervisor.log(self._name + ": " + text, True)

    def say(self, text):
        """A line for the console and the kept log lines only."""
        self._supervisor.log(self._name + ": " + text, False)

    @property
    def store(self):
        """The component's own namespace of non-volatile memory."""
        return self.open_store(self._name)

    def open_store(self, namespace):
        # Loaded when first needed: many sets store nothing.
        from espx.nvram import NVRAM

        return NVRAM(namespace)

    def count(self, namespace, key):
        """Adds one to a counter in non-volatile memory; one that cannot be kept is said, and no reason to fail."""
        try:
            self.open_store(namespace).increment(key)
        except OSError as error:
            self.say(f"{key} cannot be counted: {error}")

    def publish(self, topic, text, retain=False):
        """Sends text to stat/D/<topic> as soon as it can; of several only the latest."""
        self.bus.publish(topic, text, retain)

    def component(self, name):
        """Another component of this device, or None."""
        return self._supervisor.components.get(name)

    def reboot(self, reason, text):
        """Stops everything and resets; reason is one of the numbers of espx.supervisor."""
        self._supervisor.reboot(reason, text)

    def hibernate(self, ms):
        """Stops everything and sleeps deeply; the device starts anew afterwards."""
        self._supervisor.hibernate(ms)

    def may_block(self, callback, *args):
        """callback(*args) under a watchdog that tolerates about 120 s."""
        return self._supervisor.watchdog.may_block(callback, *args)
