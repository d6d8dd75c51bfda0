"""The framework's one entry: what the launcher calls."""

from espx.supervisor import Supervisor


def run(app, boot):
    """Runs the application's components with those that its release names; returns when the loop is stopped.

    app: the imported application, with `components` and perhaps `defaults` (config values below those of
    the file), or None.
    boot: dict of the launcher. It gives `release` (dict of release.json), `slot`, `state` ("trial", "confirmed"
    or "dev"), `config` (path), `reason` (of the last reset), `armed` (whether the watchdog runs), `confirm()` and
    `reset(reason, text)`; the framework leaves `armed`, `state` and `lines()` there for the launcher.
    Errors: whatever a component raises.
    """
    names = (boot.get("release") or {}).get("components", ())
    Supervisor(app, boot).run([load(name) for name in names])


def load(name):
    """A component of the framework by the name of its module."""
    return __import__("espx." + name, None, None, ("COMPONENT",)).COMPONENT()
