import { CanceledError, type PortInfo, type PortProvider } from "@espx/proto";
import { realpathSync } from "node:fs";
import type { SerialPort } from "serialport";
import { knownAdapter } from "./known-adapters.ts";
import { findDeviceHolders } from "./resource-holder.ts";
import { portBusy, translateOpenError } from "./serialport-errors.ts";
import { SerialPortLink, type SerialPortWorld } from "./serialport-link.ts";
import { keepWaits, turnWhileOpen, withTurns } from "./serialport-waits.ts";
import { listSysfsPorts } from "./sysfs-ports.ts";

const startBaudRate = 115_200;

/** Bytes that the stream takes before it asks to wait. */
const writeAheadBytes = 65_536;

/** A board that takes nothing for so long has hung. */
const stuckMs = 10_000;

/**
 * Serial ports of this machine: `/dev/ttyUSB0`, `COM3`. Listing opens none of them.
 *
 * @param options.stuckMs - how long a board may leave bytes waiting, beyond the time that the line takes for them
 */
export function createSerialPorts(options: { readonly stuckMs?: number } = {}): PortProvider {
  const world: SerialPortWorld = { openRaw, realPath, list: listSerialPorts, stuckMs, ...options };
  return {
    scheme: "file",
    list: listSerialPorts,
    open: async (url, { baudRate = startBaudRate, signal } = {}) => {
      if (signal?.aborted === true) throw new CanceledError("port/canceled", `opening ${url} was canceled`);
      return SerialPortLink.open(world, url, baudRate);
    },
  };
}

async function listSerialPorts(): Promise<readonly PortInfo[]> {
  if (process.platform === "linux") return listSysfsPorts();
  const { SerialPort } = await import("./serialport-library.ts");
  return (await SerialPort.list()).map(({ path, manufacturer, vendorId, productId, serialNumber }) => {
    const [vendor, product] = [vendorId, productId].map((hex) =>
      hex === undefined ? undefined : Number.parseInt(hex, 16),
    );
    const adapter = knownAdapter(vendor, product);
    return {
      url: path,
      description: manufacturer ?? adapter ?? "serial port",
      ...(vendor === undefined ? {} : { vendorId: vendor }),
      ...(product === undefined ? {} : { productId: product }),
      ...(serialNumber === undefined ? {} : { serialNumber }),
      known: adapter !== undefined,
    };
  });
}

async function openRaw(path: string, baudRate: number): Promise<SerialPort> {
  // A lock keeps out only those who ask for it. Opening moves the modem lines of a board that somebody else works on,
  // so who has it open is asked before. A pseudo-terminal is often held open by the program at its other end.
  if (!isPseudoTerminal(path) && findDeviceHolders(path).length > 0) throw portBusy(path);
  const { SerialPort } = await import("./serialport-library.ts");
  const port = new SerialPort({ path, baudRate, autoOpen: false, lock: true, highWaterMark: writeAheadBytes });
  const error = await withTurns(() => new Promise<Error | null>((resolve) => port.open(resolve)));
  if (error instanceof Error) throw translateOpenError(error, { path, ports: await listSerialPorts() });
  keepWaits(port);
  turnWhileOpen(port);
  return port;
}

function isPseudoTerminal(path: string): boolean {
  return realPath(path).startsWith("/dev/pts/");
}

/** The device behind a link such as those in `/dev/serial/by-id`; on Windows, and where nothing is, `path` itself. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
