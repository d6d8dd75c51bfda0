/** Joins the access point and waits for the address. */
export const join = `
import network, socket, select, errno, time, sys
_w = network.WLAN(network.STA_IF)
_w.active(True)
_w.connect("espx-sim", "espx-sim")
while not _w.isconnected():
    time.sleep_ms(10)
def attempt(act, *args):
    started = time.ticks_ms()
    try:
        result = act(*args)
    except OSError as error:
        result = "OSError %d" % error.errno
    print(result, time.ticks_diff(time.ticks_ms(), started))
`;

/** A bare MQTT client: `mqtt(name)` connects, `say` publishes, `ask` subscribes, each returns what came back. */
export const mqttClient = `
def text(value):
    return bytes((0, len(value))) + value.encode()
def packet(first, body):
    return bytes((first, len(body))) + body
def mqtt(address, name, keepalive=0, will=None):
    s = socket.socket()
    s.connect(address)
    flags = 2 if will is None else 6
    tail = b"" if will is None else text("will") + text(will)
    s.write(packet(0x10, text("MQTT") + bytes((4, flags, 0, keepalive)) + text(name) + tail))
    return s
def say(s, topic, payload, retain=False):
    s.write(packet(0x31 if retain else 0x30, text(topic) + payload.encode()))
def ask(s, topic):
    s.write(packet(0x82, b"\\0\\7" + text(topic) + b"\\0"))
    return s.read(5)
`;
