try:
    import json
    import struct
except ImportError:
    print("SKIP")
    raise SystemExit

print(json.loads(json.dumps([1, "zwei", None, True, {"drei": [3.5]}])))
print(struct.pack("<HIb", 1, 2, -3), struct.unpack(">IH", b"\x00\x00\x00\x01\x00\x02"))
for bad in ("[1,", "{", "nul", '"'):
    try:
        print(json.loads(bad))
    except ValueError:
        print("ValueError")
