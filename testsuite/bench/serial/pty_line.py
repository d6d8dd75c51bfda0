"""Keeps a pseudo-terminal and passes its bytes, and the rate that its client sets, over a Unix socket.

To the socket: b"D" + length (u16le) + bytes, b"B" + rate (u32le). From it: bytes. Prints the terminal's path.
"""

import os
import pty
import select
import socket
import sys
import termios
import time
import tty

LOOK_S = 0.004

rates = {getattr(termios, name): int(name[1:]) for name in dir(termios) if name[0] == "B" and name[1:].isdigit()}
line = socket.socket(socket.AF_UNIX)
line.connect(sys.argv[1])
master, slave = pty.openpty()
tty.setraw(slave)
print(os.ttyname(slave), flush=True)
# Whoever has it open counts as its user.
os.close(slave)
rate = None
while True:
    ready, _, _ = select.select([master, line], [], [], LOOK_S)
    now = rates.get(termios.tcgetattr(master)[5])
    if now != rate:
        rate = now
        line.sendall(b"B" + rate.to_bytes(4, "little"))
    if line in ready:
        said = line.recv(65536)
        if not said:
            break
        os.write(master, said)
    if master in ready:
        try:
            sent = os.read(master, 4096)
        except OSError:
            # Between two clients.
            time.sleep(LOOK_S)
            continue
        line.sendall(b"D" + len(sent).to_bytes(2, "little") + sent)
