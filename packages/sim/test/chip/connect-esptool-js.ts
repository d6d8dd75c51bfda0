import { ESPLoader, Transport } from "esptool-js";
import type { LinkSerialPort } from "./web-serial.ts";

/** esptool-js at a port, its stub running, saying nothing. */
export async function connectEsptoolJs(
  port: LinkSerialPort,
  { baudrate, before }: { readonly baudrate: number; readonly before: "default_reset" | "no_reset" },
): Promise<ESPLoader> {
  const transport = new Transport(port as never, false);
  transport.trace = () => {};
  const terminal = { clean: () => {}, write: () => {}, writeLine: () => {} };
  const loader = new ESPLoader({ transport, baudrate, romBaudrate: 115_200, terminal, debugLogging: false });
  await loader.main(before);
  return loader;
}
