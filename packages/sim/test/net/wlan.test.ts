import { describe, expect, it } from "vitest";
import { outputOf, programText, startBoard } from "../board-fixture.ts";

const watch = `
import network, time
w = network.WLAN(network.STA_IF)
def watch(ms):
    last = None
    for _ in range(ms // 100):
        now = w.status()
        if now != last:
            print(time.ticks_ms() // 100 * 100, now)
            last = now
        time.sleep_ms(100)
`;

const joined = `${watch}
w.active(True)
w.connect("espx-sim", "espx-sim")
`;

describe("WLAN", () => {
  it("goes from idle over connecting to an address", async () => {
    const text = await outputOf(
      `${watch}
print(w.active(), w.isconnected(), w.status() == network.STAT_IDLE)
w.active(True)
w.connect("espx-sim", "espx-sim")
watch(1000)
print(w.isconnected(), w.ifconfig()[0], w.status("rssi") < 0)
`,
      { ms: 2000 },
    );
    expect(text).toBe("False False True\r\n0 1001\r\n300 1010\r\nTrue 192.168.7.2 True\r\n");
  });

  it("says when there is no such access point, and when the password is wrong", async () => {
    const text = await outputOf(
      `${watch}
w.active(True)
for ssid, key in (("nobody", "x"), ("espx-sim", "wrong")):
    w.connect(ssid, key)
    time.sleep(2)
    print(w.status() == network.STAT_NO_AP_FOUND, w.status() == network.STAT_WRONG_PASSWORD)
    w.disconnect()
    print(w.status() == network.STAT_IDLE)
`,
      { ms: 9000 },
    );
    expect(text).toBe("True False\r\nTrue\r\nFalse True\r\nTrue\r\n");
  });

  it("raises what the chip's driver raises", async () => {
    const text = await outputOf(`${watch}
def attempt(act):
    try:
        act()
        print("done")
    except (OSError, ValueError) as error:
        print(error)
attempt(lambda: w.connect("espx-sim", "espx-sim"))
w.active(True)
w.connect("espx-sim", "espx-sim")
attempt(lambda: w.connect("espx-sim", "espx-sim"))
attempt(lambda: w.status("nothing"))
attempt(lambda: w.config("nothing"))
attempt(lambda: network.WLAN(5))
`);
    expect(text).toBe(
      "Wifi Not Started\r\nWifi Internal State Error\r\nunknown status param\r\nunknown config param\r\ninvalid WLAN interface identifier\r\n",
    );
  });

  it("loses the link for as long as the air fails, and comes back by itself", async () => {
    await using fixture = await startBoard({ main: `${joined}watch(6000)\n` });
    await fixture.world.advance(1000);
    fixture.board.fault({ kind: "link-loss", forMs: 2000 });
    await fixture.world.advance(6000);
    expect(programText(fixture.take())).toBe("0 1001\r\n300 1010\r\n1000 1001\r\n2500 201\r\n4300 1010\r\n");
    const states = fixture.events.flatMap((event) => (event.kind === "net" ? [`${event.atMs} ${event.state}`] : []));
    expect(states).toEqual(["300 up", "1000 down", expect.stringMatching(/^4300(\.\d+)? up$/)]);
  });

  it("finds an access point that comes up later", async () => {
    await using fixture = await startBoard({ main: `${joined}watch(6000)\n` });
    fixture.world.net.accessPoint({ up: false });
    await fixture.world.advance(3000);
    fixture.world.net.accessPoint({ up: true });
    await fixture.world.advance(4000);
    expect(programText(fixture.take())).toMatch(/ 1010\r\n$/);
  });

  it("gives up after as many reconnects as it is told", async () => {
    const text = await outputOf(
      `${watch}
w.active(True)
w.config(reconnects=1)
w.connect("nobody")
time.sleep_ms(2900)
w.active(False)
w.active(True)
w.connect("nobody")
time.sleep(4)
w.disconnect()
print(w.status())
`,
      { ms: 9000 },
    );
    expect(text).toBe("1000\r\n");
  });

  it("scans what is in reach", async () => {
    await using fixture = await startBoard({
      main: "import network\nw = network.WLAN()\nw.active(True)\nfor a in w.scan(): print(a[0], a[3], a[4])\n",
    });
    fixture.world.net.accessPoint({ ssid: "open", password: "", up: true, rssiDbm: -80 });
    fixture.world.net.accessPoint({ ssid: "off", password: "", up: false });
    await fixture.world.advance(3000);
    expect(programText(fixture.take())).toBe("b'espx-sim' -55 3\r\nb'open' -80 0\r\n");
  });

  it("tells mac and host name", async () => {
    const text = await outputOf(
      "import network, machine\nw = network.WLAN()\nprint(w.config('mac') == machine.unique_id(), network.hostname())\nw.config(hostname='me')\nprint(network.hostname())\n",
    );
    expect(text).toBe("True mpy-esp32\r\nme\r\n");
  });
});
