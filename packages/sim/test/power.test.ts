import { LinkError } from "@espx/proto";
import { describe, expect, it } from "vitest";
import { createWorld } from "../src/world.ts";
import { programText, startBoard } from "./board-fixture.ts";

describe("power", () => {
  it("keeps the flash and nothing else", async () => {
    await using fixture = await startBoard();
    await fixture.ask("f = open('a.txt', 'w'); n = f.write('kept'); f.close()\r");
    await fixture.board.powerOff();
    expect(fixture.board.running).toBe(false);
    await fixture.board.powerOn();
    fixture.take();
    expect(await fixture.ask("open('a.txt').read()\r")).toContain("'kept'");
    expect(await fixture.ask("f\r")).toContain("NameError");
  });

  it("may be switched twice", async () => {
    await using fixture = await startBoard();
    await Promise.all([
      fixture.board.powerOn(),
      fixture.board.powerOff(),
      fixture.board.powerOff(),
      fixture.board.powerOn(),
    ]);
    expect(fixture.board.running).toBe(true);
  });

  it("goes at the flash operation that is asked for", async () => {
    await using fixture = await startBoard({
      main: "import os\nos.mkdir('/one')\nos.mkdir('/two')\nos.mkdir('/three')\nprint('not reached')\n",
    });
    await fixture.board.powerOff();
    for (const folder of ["/one", "/two", "/three"]) fixture.board.flash.store.apply({ kind: "rmdir", path: folder });
    fixture.take();
    const cut = fixture.board.cutAt(2);
    await fixture.board.powerOn();
    await cut;
    expect(fixture.board.running).toBe(false);
    expect(fixture.take()).not.toContain("not reached");
    expect(fixture.events.at(-1)).toMatchObject({ kind: "off", why: "cut" });
    await fixture.board.powerOn();
    fixture.take();
    expect(await fixture.ask("os.listdir('/')\r")).toContain("['main.py', 'one']");
  });

  it("in real time survives being switched again and again while a program prints", async () => {
    await using fixture = await startBoard({ mode: "real", main: "while True:\n    print('x' * 50)\n" });
    for (let round = 0; round < 8; round++) {
      await fixture.waitFor("xx");
      await fixture.board.powerOff();
      expect(fixture.board.running).toBe(false);
      fixture.take();
      await fixture.board.powerOn();
    }
  });
});

describe("the serial link", () => {
  it("belongs to one client at a time", async () => {
    await using fixture = await startBoard();
    expect(() => fixture.board.openSerial()).toThrowError(expect.objectContaining({ code: "port/busy" }));
    await fixture.link.close();
    const second = fixture.board.openSerial();
    await expect(fixture.link.write(new Uint8Array(1))).rejects.toMatchObject({ code: "link/lost" });
    await second.close();
  });

  it("of a board without power takes what is written and delivers nothing", async () => {
    await using world = await createWorld({ mode: "real" });
    const board = await world.addBoard({ name: "dark" });
    const link = board.openSerial();
    const chunks: Uint8Array[] = [];
    link.listen({ chunk: (bytes) => void chunks.push(bytes), closed: () => {} });
    await link.write(Uint8Array.of(13));
    await link.drain();
    expect(chunks).toEqual([]);
  });

  it("delivers what the console prints", async () => {
    await using fixture = await startBoard();
    const chunks: Uint8Array[] = [];
    const stop = fixture.link.listen({ chunk: (bytes) => void chunks.push(bytes), closed: () => {} });
    await fixture.ask("1+1\r");
    expect(Buffer.concat(chunks).toString()).toBe("1+1\r\n2\r\n>>> ");
    stop();
    await fixture.ask("1+1\r");
    expect(Buffer.concat(chunks).toString()).toBe("1+1\r\n2\r\n>>> ");
  });

  it("resets the board when RTS alone is pulsed, not when both lines are", async () => {
    await using fixture = await startBoard({ mode: "real", main: "print('up')" });
    await fixture.waitFor("up");
    await fixture.link.setSignals({ dtr: true, rts: true });
    await fixture.link.setSignals({ dtr: false, rts: false });
    expect(fixture.board.running).toBe(true);
    fixture.take();
    await fixture.link.setSignals({ dtr: false, rts: true });
    await fixture.link.setSignals({ dtr: false, rts: false });
    await fixture.waitFor("up");
    expect(fixture.take()).toContain("rst:0x1 (POWERON_RESET)");
    expect(fixture.events.filter(({ kind }) => kind === "boot")).toHaveLength(2);
  });

  it("can be silent, noisy and lost", async () => {
    await using fixture = await startBoard();
    let ended: Error | undefined;
    const chunks: Uint8Array[] = [];
    fixture.link.listen({ chunk: (bytes) => void chunks.push(bytes), closed: (error) => (ended = error) });
    fixture.board.fault({ kind: "serial", behaviour: "silent" });
    await fixture.ask("1+1\r");
    expect(chunks).toEqual([]);
    fixture.board.fault({ kind: "serial", behaviour: "garbage" });
    await fixture.ask("\r");
    expect(Buffer.concat(chunks).toString()).not.toContain(">>>");
    fixture.board.fault({ kind: "serial", behaviour: "lost" });
    expect(ended).toBeInstanceOf(LinkError);
    fixture.board.fault({ kind: "serial", behaviour: "normal" });
    await fixture.link.reopen();
    fixture.take();
    expect(programText(await fixture.ask("\x031+1\r"))).toContain("2\r\n");
  });
});
