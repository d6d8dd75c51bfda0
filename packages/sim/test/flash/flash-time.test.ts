import { describe, expect, it } from "vitest";
import { outputOf } from "../board-fixture.ts";

const program = `
import esp32, os, time
def took(act):
    started = time.ticks_us()
    act()
    return time.ticks_diff(time.ticks_us(), started)
f = open("data", "w")
buffer = bytes(16384)
app = esp32.Partition(esp32.Partition.RUNNING)
nvs = esp32.NVS("n")
nvs.set_i32("a", 1)
print([round(took(act) / 100) / 10 for act in (
    lambda: f.write(buffer),
    f.close,
    lambda: os.rename("data", "moved"),
    lambda: app.ioctl(6, app.ioctl(4, 0) - 1),
    lambda: app.writeblocks(app.ioctl(4, 0) - 1, bytes(512), 0),
    nvs.commit,
    lambda: open("moved").read(100),
)])
`;

describe("the flash of a running board", () => {
  it("takes the time of a flash chip in virtual time, when it is asked to", async () => {
    const text = await outputOf(program, { flashTiming: "typical", ms: 1000 });
    const pages = 16_384 / 256;
    expect(JSON.parse(text)).toEqual([4 * 45 + pages * 0.4, 0.4, 0.4, 45, 0.8, 0.4, 0].map(near));
  });

  it("takes none otherwise", async () => {
    expect(JSON.parse(await outputOf(program, { ms: 1000 }))).toEqual([0, 0, 0, 0, 0, 0, 0].map(near));
  });
});

/** Looking at the clock takes time, too. */
function near(ms: number): unknown {
  return expect.closeTo(ms, 0);
}
