"""Puts the running set first on the import path and runs its own boot.py.

Runs on every soft reset, so it writes nothing. The working directory is the root again at the end: the firmware
looks for main.py relative to it, and that shall be the launcher.
"""

import os
import sys

import machine

_TRIAL_WDT_MS = 15000


def _load_slots():
    """The shared module, without keeping its name from the application."""
    sys.path.insert(0, "/safe")
    try:
        import slots
    finally:
        sys.path.remove("/safe")
        sys.modules.pop("slots", None)
    return slots


def _boot():
    slots = _load_slots()
    record = slots.Records().record
    if record is None or slots.main_file(record["slot"]) is None:
        return
    slot = record["slot"]
    slots.enter(slot)
    path = "/" + slot + "/boot.py"
    if not slots.exists(path):
        return
    # After a soft reset a tool may be about to use the prompt; it would not feed.
    soft = machine.reset_cause() == machine.SOFT_RESET
    if record["state"] == slots.TRIAL and not soft and not slots.is_foreign(slot):
        machine.WDT(timeout=_TRIAL_WDT_MS)
    os.chdir("/" + slot)
    with open(path) as file:
        code = file.read()
    # What it defines is there at the prompt, as with a boot.py of one's own.
    exec(compile(code, path, "exec"), globals())  # noqa: S102


try:
    _boot()
# The prompt and the launcher must be reached whatever that file does.
except Exception as error:  # noqa: BLE001
    print("espx: /boot.py:")
    sys.print_exception(error)
os.chdir("/")
