"""The device's config: `key value` lines with comments and sections."""

import gc

from micropython import const

_COLLECT_LINES = const(16)


class Config:
    """Settings by section and key; a later line wins over an earlier one.

    Shape: values are str or None; "" is the section above the first `[section]`.
    """

    def __init__(self):
        self.sections = {"": {}}

    def read(self, lines):
        """Adds the settings of an iterable of lines.

        A value may hold spaces, `#` first in a line is a comment, `None` is None; a key without a
        value is ignored.
        """
        section = self.sections[""]
        for text in lines:
            for line in text.split("\r"):
                line = line.strip()
                name = _section_name(line)
                if name is not None:
                    section = self.sections.setdefault(name, {})
                    continue
                pair = line.split(None, 1)
                if len(pair) == 2 and not line.startswith("#"):
                    section[pair[0]] = None if pair[1] == "None" else pair[1]
        return self

    def read_file(self, path):
        """Raises OSError when there is no such file. A line that is not UTF-8 is left out, and said."""
        with open(path, "rb") as file:
            return self.read(_texts(file, path))

    def section(self, name):
        return Section(self, name)


class Section:
    """A component's view: its own section first, then what stands above all sections."""

    def __init__(self, config, name, say=print):
        self._config = config
        self._name = name
        self.say = say

    def get(self, key, default=None):
        """The value as written, or default when the key is absent."""
        for name in (self._name, ""):
            values = self._config.sections.get(name)
            if values is not None and key in values:
                return values[key]
        return default

    def flag(self, key):
        """False when absent, null or `0`; True for anything else."""
        return self.get(key) not in (None, "0")

    def integer(self, key, default, low, high):
        """A whole number low..high; with anything else a complaint and default."""
        return self._parsed(int, key, default, low, high)

    def number(self, key, default, low, high):
        """A number low..high; with anything else a complaint and default."""
        return self._parsed(float, key, default, low, high)

    def ms(self, key, default_s, high_s=86400):
        """A time written in seconds, 0..high_s, as milliseconds."""
        return int(self.number(key, default_s, 0, high_s) * 1000)

    def _parsed(self, parse, key, default, low, high):
        text = self.get(key)
        if text is None:
            return default
        try:
            value = parse(text)
        except ValueError:
            value = None
        # A float that is not a number compares false with everything.
        if value is None or not low <= value <= high:
            self.say(f"config: {key} {text} is not in {low}..{high}, using {default}")
            return default
        return value


def _texts(lines, path):
    """The lines of a file that are text: another editor's encoding must not keep a device from its network."""
    for number, line in enumerate(lines, 1):
        # What is kept would lie scattered among what is not, with no room between for anything large.
        if number % _COLLECT_LINES == 0:
            gc.collect()
        try:
            yield str(line, "utf-8")
        except UnicodeError:
            print(f"config: line {number} of {path} is not UTF-8 and is left out")


def _section_name(line):
    """The name in `[name]`, or None for any other line."""
    name = line[1:-1]
    if line.startswith("[") and line.endswith("]") and name and len(name.split()) == 1:
        return name if "]" not in name and name == name.strip() else None
    return None
