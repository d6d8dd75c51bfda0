"""The module `binascii` of an ESP32: the interpreter's own in C, which a frozen one in Python hides."""

from ubinascii import *
