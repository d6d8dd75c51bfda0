# Numbers and text that CPython prints alike.
for number in (0, -1, 2**31, 3**50, 7 // -2, -7 % 3, 1 << 40):
    print(number, hex(number))
for text in ("", "a", "lower UPPER", "tab\t", "\x00"):
    print(repr(text), len(text), text.encode())
print(sorted({"b": 1, "a": 2}.items()), [x for x in range(10) if x % 3], {1, 2} & {2, 3})
try:
    [][1]
except IndexError as error:
    print(type(error).__name__)
