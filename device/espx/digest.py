"""One number for what the running set is made of, so that a tool need not stop the program to look."""

import binascii
import hashlib
import os
import re
import sys

from micropython import const

_FOLDER = const(0x4000)
_SHOWN = const(16)


def set_digest(slot, config, keep):
    """First 16 hexadecimal digits of the SHA-256 over path, size and time of every file that a deploy compares.

    Those are the slot without what `keep` names, the launcher, and the config in use; the interpreter counts, too.
    slot: "a" or "b". config: path. keep: globs relative to the slot.
    """
    kept = [re.compile(expression(glob)) for glob in keep]
    lines = [_line(path) for path in ("/boot.py", "/main.py", config)]
    lines += _below("/safe/", ())
    lines += _below("/" + slot + "/", kept)
    lines.sort()
    digest = hashlib.sha256(repr(sys.implementation).encode())
    for line in lines:
        digest.update(line)
    return binascii.hexlify(digest.digest()).decode()[:_SHOWN]


def expression(glob):
    """A glob as a regular expression: * and ? stay within a name, ** crosses folders, a folder's name covers all in it."""
    glob = glob.rstrip("/")
    at = 2 if glob.startswith("./") else 0
    body = ""
    while at < len(glob):
        if glob[at : at + 3] == "**/":
            body += "(.*/)?"
            at += 3
            continue
        if glob[at : at + 2] == "**":
            body += ".*"
            at += 2
            continue
        char = glob[at]
        if char == "*":
            body += "[^/]*"
        elif char == "?":
            body += "[^/]"
        else:
            body += "\\" + char if char in "\\.+^${}()|[]" else char
        at += 1
    return "^" + body + "(/.*)?$"


def _below(folder, kept):
    """Lines of all files in a folder and its folders."""
    lines = []
    rest = [folder]
    while rest:
        here = rest.pop()
        try:
            entries = list(os.ilistdir(here[:-1]))
        except OSError:
            continue
        for entry in entries:
            path = here + entry[0]
            if any(pattern.match(path[len(folder) :]) for pattern in kept):
                continue
            if entry[1] == _FOLDER:
                rest.append(path + "/")
            else:
                lines.append(_line(path))
    return lines


def _line(path):
    try:
        facts = os.stat(path)
    except OSError:
        return f"{path} -\n".encode()
    return f"{path} {facts[6]} {facts[8]}\n".encode()
