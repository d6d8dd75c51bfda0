import micropython
from micropython import const

_WIDTH = const(7)
print(_WIDTH * 6)
micropython.heap_lock()
try:
    print([1, 2, 3])
except MemoryError:
    micropython.heap_unlock()
    print("MemoryError")
else:
    micropython.heap_unlock()
