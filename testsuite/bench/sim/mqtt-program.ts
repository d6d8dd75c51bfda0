/** How a board of a fleet behaves. */
export interface MqttProgramOptions {
  readonly host: string;
  readonly port: number;
  readonly index: number;
  /** How much later it starts than the board before it, ms. */
  readonly staggerMs: number;
  /** Wakes between two exchanges. */
  readonly every: number;
}

/** A `main.py` with an MQTT loop: it wakes once a second and exchanges a message with the broker now and then. */
export function mqttProgram({ host, port, index, staggerMs, every }: MqttProgramOptions): string {
  return `
import network, socket, select, time
time.sleep_ms(${index * staggerMs})
wlan = network.WLAN(network.STA_IF)
wlan.active(True)
wlan.connect("espx-sim", "espx-sim")
while not wlan.isconnected():
    time.sleep_ms(10)
def text(value):
    return bytes((0, len(value))) + value.encode()
def packet(first, body):
    return bytes((first, len(body))) + body
name = "board-${index}"
s = socket.socket()
s.connect(("${host}", ${port}))
s.write(packet(0x10, text("MQTT") + bytes((4, 2, 0, 90)) + text(name)))
s.read(4)
s.write(packet(0x82, b"\\0\\7" + text("fleet/" + name) + b"\\0"))
s.read(5)
def say(count):
    s.write(packet(0x30, text("fleet/" + name) + str(count).encode()))
poller = select.poll()
poller.register(s, select.POLLIN)
say(0)
wakes = 0
due = time.ticks_add(time.ticks_ms(), 1000)
while True:
    left = time.ticks_diff(due, time.ticks_ms())
    if left > 0:
        if poller.poll(left):
            print(wakes, time.ticks_us(), len(s.recv(100)))
        continue
    wakes += 1
    due = time.ticks_add(due, 1000)
    if wakes % ${every} == 0:
        say(wakes)
`;
}
