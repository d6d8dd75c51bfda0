import { describe, expect, it } from "vitest";
import { outputOf, programText, startBoard } from "../board-fixture.ts";

const lan = `
import network, socket, time
l = network.LAN(mdc=23, mdio=18, phy_type=network.PHY_LAN8720, phy_addr=1)
print(l.active(), l.status() == network.ETH_INITIALIZED, l.ifconfig()[0])
l.active(True)
started = time.ticks_ms()
while not l.isconnected():
    time.sleep_ms(10)
print(l.status() == network.ETH_GOT_IP, 1000 < time.ticks_diff(time.ticks_ms(), started) < 5000, l.ifconfig()[1])
`;

describe("network.LAN", () => {
  it("comes up with an address, and sockets work without Wi-Fi", async () => {
    const text = await outputOf(
      `${lan}
s = socket.socket()
s.connect(socket.getaddrinfo("broker.test", 1883)[0][-1])
print("connected", s.getsockname()[0] == l.ifconfig()[0], l.config("mac") == network.WLAN().config("mac"))
l.active(False)
try: s.write(b"x")
except OSError as e: print(e.errno, l.isconnected(), l.ifconfig()[0])
`,
      { ms: 10_000 },
    );
    expect(text).toBe("False True 0.0.0.0\r\nTrue True 255.255.255.0\r\nconnected True False\r\n113 False 0.0.0.0\r\n");
  });

  it("carries the board on when Wi-Fi goes", async () => {
    await using fixture = await startBoard({
      main: `${lan}
w = network.WLAN()
w.active(True)
w.connect("espx-sim", "espx-sim")
while not w.isconnected():
    time.sleep_ms(10)
s = socket.socket()
s.connect(socket.getaddrinfo("broker.test", 1883)[0][-1])
w.active(False)
print(w.isconnected(), s.write(b"x"))
`,
    });
    await fixture.world.advance(10_000);
    expect(programText(fixture.take())).toContain("False 1\r\n");
  });
});
