"""Keeps a pseudo-terminal whose buffer fills: says what it is told, but reads only when it is told to.

Prints the terminal's path. Takes a line at a time: `say TEXT` writes the text, `read N` reads N bytes and prints how many it got.
"""

import os
import pty
import sys
import tty

master, slave = pty.openpty()
tty.setraw(slave)
print(os.ttyname(slave), flush=True)
for line in sys.stdin:
    verb, value = line.split()
    if verb == "say":
        os.write(master, value.encode())
        continue
    count = 0
    while count < int(value):
        count += len(os.read(master, 65536))
    print(count, flush=True)
