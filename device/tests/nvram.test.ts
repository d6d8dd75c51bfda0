import { afterEach, describe, expect, it } from "vitest";
import { closeWorlds, library, makeBoard, runScript } from "./harness.ts";

afterEach(closeWorlds);

describe("non-volatile memory", () => {
  it("E28 gives None for what is missing, and keeps integers and strings over a power cycle", async () => {
    const device = await makeBoard({
      ...(await library()),
      "/main.py": `
from espx.nvram import NVRAM
n = NVRAM("profile")
print("was", n.get_int("count"), n.get_str("name"))
n.set_int("count", -5); n.set_str("name", "Küche")
print("is", n.get_int("count"), n.get_str("name"))`,
    });
    await device.powerOn(500);
    await device.powerCycle(500);
    expect(device.lines().filter((line) => /^(was|is) /.test(line))).toEqual([
      "was None None",
      "is -5 Küche",
      "was -5 Küche",
      "is -5 Küche",
    ]);
  });

  it("E28 gives None for a string whose length, bytes or encoding are damaged", async () => {
    const lines = await runScript(
      `
import esp32
from espx.nvram import NVRAM
n, raw = NVRAM("p"), esp32.NVS("p")
n.set_str("a", "hello"); raw.erase_key("a_len"); print(n.get_str("a"))
n.set_str("b", "hello"); raw.erase_key("b"); print(n.get_str("b"))
n.set_str("c", "hello"); raw.set_i32("c_len", 3); print(n.get_str("c"))
n.set_str("d", "hello"); raw.set_i32("d_len", -1); print(n.get_str("d"))
n.set_str("e", "hello"); raw.set_blob("e", b"\\xff\\xfe\\xfd\\xfc\\xfb"); print(n.get_str("e"))
n.set_str("f", ""); print(repr(n.get_str("f")))`,
      1000,
    );
    expect(lines).toEqual(["None", "None", "None", "None", "None", "''"]);
  });

  it("E28 refuses string keys over 11 characters, integer keys over 15, and numbers over 32 bits", async () => {
    const lines = await runScript(
      `
from espx.nvram import NVRAM
n = NVRAM("p")
for call in (lambda: n.set_str("elevenchars", "x"), lambda: n.set_str("twelve_chars", "x"), lambda: n.set_int("fifteen_letters", 1),
             lambda: n.set_int("sixteen_letters_", 1), lambda: n.set_int("big", 1 << 31), lambda: n.set_int("low", -(1 << 31))):
    try:
        call(); print("taken")
    except ValueError as error:
        print(error)
print(n.increment("hits"), n.increment("hits"))`,
      1000,
    );
    expect(lines).toEqual([
      "taken",
      "key twelve_chars has 12 characters, at most 11 fit",
      "taken",
      "key sixteen_letters_ has 16 characters, at most 15 fit",
      "2147483648 does not fit 32 bits",
      "taken",
      "1 2",
    ]);
  });
});
