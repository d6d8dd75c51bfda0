import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findDeviceHolders } from "../../src/ports/resource-holder.ts";
import { createSerialPorts } from "../../src/ports/serialport.ts";
import { translateOpenError } from "../../src/ports/serialport-errors.ts";
import { listSysfsPorts } from "../../src/ports/sysfs-ports.ts";
import { Collector } from "../../../../testsuite/collector.ts";
import { errorOf } from "./error-of.ts";
import { has } from "../../../../testsuite/programs.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "espx-tty-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A folder tree from paths and their text. */
function plant(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

function plantPort(name: string, device: string): void {
  mkdirSync(join(folder, "sys", device), { recursive: true });
  mkdirSync(join(folder, "sys/class/tty", name), { recursive: true });
  symlinkSync(join(folder, "sys", device), join(folder, "sys/class/tty", name, "device"));
}

describe.skipIf(process.platform === "win32")("listing", () => {
  const roots = (): { sys: string; dev: string } => ({ sys: join(folder, "sys"), dev: "/dev" });

  test("finds USB adapters with their numbers, and knows those of ESP32 boards", () => {
    plant({
      "sys/devices/usb1/1-1/idVendor": "10c4\n",
      "sys/devices/usb1/1-1/idProduct": "ea60\n",
      "sys/devices/usb1/1-1/serial": "0001\n",
      "sys/devices/usb1/1-1/manufacturer": "Silicon Labs\n",
      "sys/devices/usb1/1-1/product": "CP2102 USB to UART\n",
      "sys/devices/usb1/1-2/idVendor": "303a\n",
      "sys/devices/usb1/1-2/idProduct": "1001\n",
      "sys/devices/usb1/1-3/idVendor": "2341\n",
      "sys/devices/usb1/1-3/idProduct": "0043\n",
    });
    plantPort("ttyUSB10", "devices/usb1/1-1/1-1:1.0/ttyUSB10");
    plantPort("ttyACM0", "devices/usb1/1-2/1-2:1.0");
    plantPort("ttyUSB9", "devices/usb1/1-3/1-3:1.0/ttyUSB9");
    expect(listSysfsPorts(roots())).toEqual([
      { url: "/dev/ttyACM0", description: "USB-Serial-JTAG", vendorId: 0x303a, productId: 0x1001, known: true },
      { url: "/dev/ttyUSB9", description: "USB serial port", vendorId: 0x2341, productId: 0x43, known: false },
      {
        url: "/dev/ttyUSB10",
        description: "Silicon Labs CP2102 USB to UART",
        vendorId: 0x10c4,
        productId: 0xea60,
        serialNumber: "0001",
        known: true,
      },
    ]);
  });

  test("leaves out ports that the kernel has made room for but no chip is behind", () => {
    plantPort("ttyS0", "devices/platform/serial8250");
    plantPort("ttyS4", "devices/pci/uart");
    plant({ "sys/class/tty/ttyS0/type": "0\n", "sys/class/tty/ttyS4/type": "4\n", "sys/class/tty/tty0/dev": "4:0\n" });
    expect(listSysfsPorts(roots())).toEqual([{ url: "/dev/ttyS4", description: "serial port", known: false }]);
  });

  test("goes by the names in /dev/serial/by-id where there is no sysfs", () => {
    const dev = join(folder, "dev");
    mkdirSync(join(dev, "serial/by-id"), { recursive: true });
    symlinkSync("../../ttyUSB0", join(dev, "serial/by-id/usb-Silicon_Labs_CP2102_0001-if00-port0"));
    expect(listSysfsPorts({ sys: join(folder, "none"), dev })).toEqual([
      { url: join(dev, "ttyUSB0"), description: "Silicon Labs CP2102 0001-if00-port0", known: true },
    ]);
  });

  test("works on this machine without any program", async () => {
    for (const port of await createSerialPorts().list()) expect(port.url).not.toBe("");
  });
});

describe.skipIf(process.platform === "win32")("a port that cannot be opened", () => {
  test("and is not there: port/not-found with what is there", async () => {
    const error = await errorOf(createSerialPorts().open("/dev/ttyUSB99"));
    expect(error).toMatchObject({ code: "port/not-found", exitCode: 4, hint: expect.stringContaining("espx ports") });
    const ports = [{ url: "/dev/ttyUSB0", description: "", known: true }];
    const listed = translateOpenError(new Error("No such file or directory"), { path: "/dev/ttyUSB99", ports });
    expect(listed.message).toBe("no port /dev/ttyUSB99 (there are: /dev/ttyUSB0)");
  });

  test("and is no serial port: port/unusable", async () => {
    const path = join(folder, "file");
    writeFileSync(path, "");
    expect(await errorOf(createSerialPorts().open(path))).toMatchObject({ code: "port/unusable", exitCode: 6 });
  });

  test("for this user: port/permission with the group to join", () => {
    const path = join(folder, "tty");
    writeFileSync(path, "");
    chmodSync(path, 0);
    const error = translateOpenError(new Error("Error: Permission denied, cannot open"), { path, ports: [] });
    expect(error).toMatchObject({ code: "port/permission", exitCode: 12, details: { url: path } });
    expect(error.hint).toMatch(/sudo (usermod -aG [\w-]+ \$USER|chmod a\+rw )/);
  });

  test.runIf(process.platform === "linux")("because another process has it: port/busy with its name", async () => {
    const path = join(folder, "held");
    writeFileSync(path, "");
    const script = `require("node:fs").openSync(${JSON.stringify(path)}, "r"); console.log("ready"); setInterval(() => {}, 1000)`;
    const holder = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      await once(holder.stdout, "data");
      expect(findDeviceHolders(path)).toEqual([{ pid: holder.pid, command: expect.any(String) as string }]);
      const error = await errorOf(createSerialPorts().open(path));
      expect(error).toMatchObject({ code: "port/busy", exitCode: 5 });
      expect(error.message).toContain(`(pid ${holder.pid})`);
    } finally {
      holder.kill("SIGKILL");
    }
  });
});

const socat = process.platform !== "win32" && has("socat");

describe.skipIf(!socat)("a pseudo-terminal (needs socat)", () => {
  let program: ChildProcess;
  let server: Server;
  let board: Socket;
  let path: string;

  beforeEach(async () => {
    path = join(folder, "tty");
    server = createServer();
    server.listen(join(folder, "board"));
    await once(server, "listening");
    const connected = once(server, "connection");
    program = spawn("socat", [`PTY,link=${path},raw,echo=0`, `UNIX-CONNECT:${join(folder, "board")}`], {
      stdio: "ignore",
    });
    [board] = (await connected) as [Socket];
    for (let tries = 0; !existsSync(path) && tries < 100; tries++)
      await new Promise((resolve) => setTimeout(resolve, 10));
  });

  afterEach(async () => {
    board.destroy();
    server.close();
    if (program.exitCode === null && program.signalCode === null) {
      program.kill();
      await once(program, "exit");
    }
  });

  test("carries bytes both ways, tolerates that there are no modem lines, and changes its rate", async () => {
    board.pipe(board);
    const link = await createSerialPorts().open(path, { baudRate: 115_200 });
    const collector = new Collector();
    link.listen(collector);
    expect(link.traits).toEqual({ kind: "uart", safeCreditBytes: 256, resetsOnOpen: false });
    expect(await link.setSignals({ dtr: true, rts: false })).toBe(false);
    await link.setBaud(921_600);
    const bytes = Uint8Array.from({ length: 20_000 }, (_, i) => (i * 13) >> 1);
    await link.write(bytes);
    await link.drain();
    await collector.until(({ text }) => text.length === bytes.length);
    expect(collector.text).toBe(Buffer.from(bytes).toString("latin1"));
    await link.close();
    expect(collector.ended).toEqual({ error: undefined });
    expect(await errorOf(link.write(bytes))).toMatchObject({ code: "link/lost" });
  });

  test("is locked: a second opening is refused with the holder", async () => {
    const first = await createSerialPorts().open(path);
    const error = await errorOf(createSerialPorts().open(path));
    expect(error).toMatchObject({ code: "port/busy", exitCode: 5 });
    if (process.platform === "linux") expect(error.message).toContain(`this program (pid ${process.pid})`);
    await first.close();
    await (await createSerialPorts().open(path)).close();
  });

  test("opens again and keeps its listeners", async () => {
    board.pipe(board);
    const link = await createSerialPorts().open(path);
    const collector = new Collector();
    link.listen(collector);
    await link.reopen();
    await link.write(Uint8Array.of(65));
    await collector.until(({ text }) => text === "A");
    expect(collector.ended).toBeUndefined();
    await link.close();
  });

  test("ends with link/lost when the board is unplugged", async () => {
    const link = await createSerialPorts().open(path);
    const collector = new Collector();
    link.listen(collector);
    program.kill("SIGKILL");
    await collector.until(({ ended }) => ended !== undefined);
    expect(collector.ended?.error).toMatchObject({ code: "link/lost", exitCode: 6 });
    expect(await errorOf(link.write(Uint8Array.of(1)))).toMatchObject({ code: "link/lost" });
    await link.close();
  });
});
