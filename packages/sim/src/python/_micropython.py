"""The module `micropython` of an ESP32; stands in for the interpreter's own."""

from micropython import *
from _board import host


def kbd_intr(byte):
    """Sets the byte that raises KeyboardInterrupt; -1 lets every byte through."""
    host.console_interrupt_byte(byte)


def alloc_emergency_exception_buf(size):
    """Nothing to do: exceptions in callbacks have their memory here."""
