"""The launcher: counts a trial down, runs the set that the slot records name, and falls back.

Whatever goes wrong here ends at the prompt with a sentence that says why.
"""

import gc
import hashlib
import io
import json
import os
import sys
import time

import machine
import micropython
from micropython import const

_TRIAL_WDT_MS = const(15000)
# The longest that the hardware timer can count.
_HOUR_MS = const(3600000)
_FOREIGN_PROOF_MS = const(30000)
_PAUSE_MAX_S = const(60)
_LONG_RUN_MS = const(60000)
_RING = const(4)
_CTRL_C = const(3)
_PIECE_BYTES = const(256)


def say(text):
    print("espx: " + text)


def config_fault(path, expected):
    """Why the file is not the config with this SHA-256, or None; a hand-placed one has none to be held against."""
    if expected is None:
        return None
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while True:
                piece = file.read(_PIECE_BYTES)
                if not piece:
                    break
                digest.update(piece)
    except OSError as error:
        return f"{path} cannot be read ({error})"
    return None if digest.digest() == expected else f"{path} is not the config of this set"


def _load_slots():
    """The shared module, without keeping its name from the application."""
    sys.path.insert(0, "/safe")
    try:
        import slots
    finally:
        sys.path.remove("/safe")
        sys.modules.pop("slots", None)
    return slots


class Launch:
    """One start of the device."""

    def __init__(self, slots):
        self.slots = slots
        self.records = slots.Records()
        self.reason, self.crashes = slots.take_mark()
        self.timer = None
        self.running = False
        self.boot = {"armed": False}

    def run(self):
        if self.records.record is None:
            faults = "; ".join(self.records.faults)
            say(f"no slot record says what to run ({faults}): deploy a profile")
            return
        if not self.admitted():
            return
        started_ms = time.ticks_ms()
        try:
            self.run_set()
            self.end()
        except SystemExit:
            self.end()
        # Any exception that leaves the program is its crash.
        except Exception as error:  # noqa: BLE001
            micropython.kbd_intr(_CTRL_C)
            ran_ms = time.ticks_diff(time.ticks_ms(), started_ms)
            # A negative difference is a run of more than six days.
            self.crashes = 1 if not 0 <= ran_ms < _LONG_RUN_MS else self.crashes + 1
            self.on_crash(error)

    def end(self):
        self.unmark()
        say("the program has ended")

    def unmark(self):
        """From here on an end without a word uses no attempt."""
        if self.running:
            self.slots.mark(0)
            self.running = False

    def stop_proof(self):
        """What was stopped or has failed shall not be confirmed by the timer."""
        self.unmark()
        if self.timer is not None:
            self.timer.deinit()

    def leave_prompt(self):
        """Keeps a prompt from being reset soon."""
        if self.boot["armed"]:
            machine.WDT(timeout=_HOUR_MS)

    def admitted(self):
        """Whether the set may run; uses one attempt of a trial where the last start failed."""
        slots, record = self.slots, self.records.record
        trial = record["state"] == slots.TRIAL
        if slots.main_file(record["slot"]) is None:
            why = f"slot {record['slot']} has no main.py"
            if trial:
                return self.fall_back(why)
            say(why + ": deploy a profile")
            return False
        if not trial:
            return True
        fault = config_fault(slots.config_path(record["config"]), record["config"])
        if fault:
            if record["previous"] is not None and slots.main_file(record["previous"]) is not None:
                return self.fall_back(fault)
            say(fault)
        if record["left"] and self.attempt_used():
            try:
                self.records.write(left=record["left"] - 1)
            except OSError as error:
                # A count that cannot be kept would make an endless loop of failures.
                return self.fall_back(f"attempts cannot be counted ({error})")
        if self.records.record["left"]:
            return True
        return self.fall_back(f"slot {record['slot']} did not prove itself")

    def attempt_used(self):
        slots = self.slots
        if self.reason in (slots.NO_NETWORK, slots.NO_BROKER):
            # With nothing to go back to, trying again is the best there is.
            return self.records.record["previous"] is not None
        cause = machine.reset_cause()
        if self.reason == slots.RUNNING:
            return cause not in (machine.PWRON_RESET, machine.DEEPSLEEP_RESET)
        if self.reason:
            return self.reason == slots.CRASH
        return cause in (machine.WDT_RESET, 0)

    def fall_back(self, why):
        """Makes the previous set the running one and resets; False when there is none."""
        slots, record = self.slots, self.records.record
        previous = record["previous"]
        if previous is None or slots.main_file(previous) is None:
            say(why + ", and there is no set to go back to: deploy a profile")
            return False
        say(f"{why}: going back to slot {previous}")
        self.keep_report(f"{why}: went back to slot {previous}\n")
        old = {
            "slot": previous,
            "state": slots.CONFIRMED,
            "left": 0,
            "config": record["previous_config"],
            "previous": None,
            "previous_config": None,
        }
        try:
            self.records.write(**old)
        except OSError as error:
            say(f"the slot record cannot be written ({error}): slot {previous} runs this once")
            record.update(old)
            return True
        self.reset(slots.UPDATE, why)

    def run_set(self):
        slots, record = self.slots, self.records.record
        slot = record["slot"]
        slots.enter(slot)
        os.chdir("/" + slot)
        foreign = slots.is_foreign(slot)
        self.boot.update(
            {
                "release": self.read_release(),
                "slot": slot,
                "state": record["state"],
                "config": slots.config_path(record["config"]),
                "reason": self.reason,
                "confirm": self.confirm,
                "reset": self.reset,
            }
        )
        if record["state"] == slots.TRIAL:
            self.guard(foreign)
        import main as app

        if not foreign:
            from espx.run import run

            run(app, self.boot)

    def guard(self, foreign):
        """A plain program feeds no watchdog: 30 s without exception or reset are its proof."""
        if not foreign:
            machine.WDT(timeout=_TRIAL_WDT_MS)
            self.boot["armed"] = True
            self.slots.mark(self.slots.RUNNING, self.crashes)
            self.running = True
            return
        # How many timers there are depends on the chip; the highest is the least used.
        for number in (3, 1, 0):
            try:
                self.timer = machine.Timer(number)
                break
            except ValueError:
                continue
        self.timer.init(
            mode=machine.Timer.ONE_SHOT,
            period=_FOREIGN_PROOF_MS,
            callback=lambda _: self.confirm(),
        )

    def read_release(self):
        try:
            with open("release.json") as file:
                return json.load(file)
        except (OSError, ValueError) as error:
            say(f"release.json of the set cannot be read ({error})")
            return {}

    def confirm(self):
        """The set has proved itself. Raises OSError when that cannot be written."""
        self.records.write(state=self.slots.CONFIRMED, left=0, previous=None, previous_config=None)
        self.unmark()

    def reset(self, reason, text):
        self.keep_file("/state/reboot.txt", text + "\n")
        self.slots.mark(reason)
        machine.reset()

    def on_crash(self, error):
        """Keeps a report and starts anew, after a pause that grows with each crash in a row."""
        self.stop_proof()
        gc.collect()
        text = io.StringIO()
        sys.print_exception(error, text)
        print(text.getvalue(), end="")
        self.keep_file("/state/exception.txt", text.getvalue())
        self.keep_report(text.getvalue())
        if self.boot.get("state") == self.slots.DEV:
            say("a set in development is not started again by itself")
            return
        pause_s = min(_PAUSE_MAX_S, 1 << min(self.crashes - 1, 6))
        say(
            f"crash {self.crashes} in a row: starting again in {pause_s} s, "
            "Ctrl-C leaves the prompt"
        )
        if self.boot["armed"]:
            machine.WDT(timeout=_TRIAL_WDT_MS + pause_s * 1000)
        time.sleep(pause_s)
        self.slots.mark(self.slots.CRASH, self.crashes)
        machine.reset()

    def keep_report(self, text):
        """Puts a crash record into the ring of /state/crash0.txt to crash3.txt."""
        number = 1
        for index in range(_RING):
            try:
                with open(f"/state/crash{index}.txt") as file:
                    number = max(number, int(file.readline().split()[1]) + 1)
            except (OSError, ValueError, IndexError):
                continue
        boot = self.boot
        release = (boot.get("release") or {}).get("id")
        head = f"crash {number}\nrelease {release} slot {boot.get('slot')} state {boot.get('state')}\n"
        lines = boot["lines"]() if "lines" in boot else ()
        self.keep_file(f"/state/crash{number % _RING}.txt", head + text + "\n".join(lines) + "\n")

    def keep_file(self, path, text):
        try:
            self.slots.replace_file(path, text)
        except OSError as error:
            say(f"{path} cannot be written ({error})")


def _main():
    launch = None
    try:
        launch = Launch(_load_slots())
        launch.run()
    except KeyboardInterrupt:
        # A tool sends Ctrl-C twice; the second one shall not break this off.
        micropython.kbd_intr(-1)
        if launch is not None:
            launch.stop_proof()
        say("stopped, Ctrl-D starts it again")
    # The last line of defence in front of the prompt.
    except Exception as error:  # noqa: BLE001
        say("the launcher failed:")
        sys.print_exception(error)
    if launch is not None:
        launch.leave_prompt()
    micropython.kbd_intr(_CTRL_C)


_main()
