import { describe, expect, it } from "vitest";
import { outputOf, programText, startBoard } from "./board-fixture.ts";

const sleeper = (wake: string, ms = ""): string => `
import esp32, machine, time
from machine import Pin
print(machine.reset_cause(), machine.wake_reason(), time.time())
${wake}
machine.deepsleep(${ms})
`;

describe("a board in deep sleep", () => {
  it("wakes by a pin that goes high, by which it tells", async () => {
    await using fixture = await startBoard({
      main: sleeper("esp32.wake_on_ext0(Pin(33, Pin.IN), esp32.WAKEUP_ANY_HIGH)"),
    });
    fixture.board.setPin(33, 0);
    await fixture.world.advance(5000);
    expect(programText(fixture.take())).toBe("1 0 0\r\n");
    fixture.board.setPin(33, 1);
    fixture.board.setPin(33, 0);
    await fixture.world.advance(1000);
    expect(programText(fixture.take())).toBe("4 2 5\r\n");
  });

  it("wakes when all of its pins are low, and not before", async () => {
    await using fixture = await startBoard({
      main: sleeper("esp32.wake_on_ext1((Pin(4, Pin.IN), Pin(15, Pin.IN)), esp32.WAKEUP_ALL_LOW)"),
    });
    fixture.board.setPin(15, 1);
    fixture.board.setPin(4, 0);
    await fixture.world.advance(5000);
    expect(programText(fixture.take())).toBe("1 0 0\r\n");
    fixture.board.setPin(15, 0);
    fixture.board.setPin(15, 1);
    await fixture.world.advance(1000);
    expect(programText(fixture.take())).toBe("4 3 5\r\n");
  });

  it("wakes at once by a pin that has its level already, else by its timer", async () => {
    await using fixture = await startBoard({
      main: sleeper("esp32.wake_on_ext0(Pin(33), True)\ntime.sleep(1)", "3000"),
    });
    fixture.board.setPin(33, 1);
    await fixture.world.advance(1500);
    fixture.board.setPin(33, 0);
    await fixture.world.advance(4000);
    expect(programText(fixture.take())).toBe("1 0 0\r\n4 2 1\r\n4 4 5\r\n");
  });

  it("wakes by a pin in real time", async () => {
    await using fixture = await startBoard({
      mode: "real",
      main: sleeper("esp32.wake_on_ext0(Pin(33), True)", "600000"),
    });
    await fixture.board.power.stopped();
    fixture.board.setPin(33, 1);
    await fixture.waitFor("4 2 ");
    expect(fixture.board.running).toBe(true);
  });

  it("can listen to no pin that sleeps itself, and may stop to listen", async () => {
    const text = await outputOf(
      sleeper(
        "try:\n    esp32.wake_on_ext0(Pin(5), True)\nexcept ValueError as e:\n    print(e)\nesp32.wake_on_ext0(Pin(33), False)\nesp32.wake_on_ext0(None)",
        "1000",
      ).replace("machine.deepsleep", "if machine.wake_reason() == 0: machine.deepsleep"),
      { ms: 2000 },
    );
    expect(text).toBe("1 0 0\r\ninvalid pin\r\n4 4 1\r\ninvalid pin\r\n");
  });
});
