import type { PortInfo } from "@espx/proto";
import type { Context } from "../context.ts";
import type { DeviceEntry } from "../project/project.ts";
import { type Adapter, type LastPlace, rememberedPorts } from "../project/remembered.ts";

/** Chips that are their own USB device give their MAC address as the serial number. */
const espressifVendorId = 0x303a;
/** Many bridges come with a serial number that all of their kind have, such as 0001. */
const NUMBER_MIN_CHARS = 6;

/**
 * Where a device of espx.yaml is: where it was last seen, under whatever name its adapter has now; else the port that espx.yaml names.
 *
 * Listing opens nothing. Whether it is the device is for whoever opens the port to find out.
 */
export async function placeOf(ctx: Context, { id, port }: DeviceEntry): Promise<string | undefined> {
  if (id === undefined) return port;
  const seen = await rememberedPorts(ctx.env).of(id);
  if (seen !== undefined && seen.adapter === null) return seen.url;
  const ports = await ctx.outside.listPorts("file");
  return (seen === undefined ? ownUsb(ports, id) : sameAdapter(ports, seen)) ?? seen?.url ?? port;
}

/** Keeps in mind where a board was seen, and with which adapter. */
export async function rememberPlace(ctx: Context, id: string, url: string): Promise<void> {
  const isHere = !/^[a-z][a-z0-9+.-]+:/i.test(url);
  const ports = isHere ? await ctx.outside.listPorts("file") : [];
  await rememberedPorts(ctx.env).remember(id, { url, adapter: adapterOf(ports.find((port) => port.url === url)) });
}

function sameAdapter(ports: readonly PortInfo[], { adapter }: LastPlace): string | undefined {
  const key = JSON.stringify(adapter);
  const same = ports.filter((port) => JSON.stringify(adapterOf(port)) === key);
  // An adapter with two ports has two names, and only one of them leads to the board.
  return same.length === 1 ? same[0]?.url : undefined;
}

function ownUsb(ports: readonly PortInfo[], id: string): string | undefined {
  return ports.find(
    ({ vendorId, serialNumber = "" }) =>
      vendorId === espressifVendorId && serialNumber.replaceAll(":", "").toLowerCase() === id,
  )?.url;
}

function adapterOf(port: PortInfo | undefined): Adapter | null {
  const { vendorId, productId, serialNumber } = port ?? {};
  if (vendorId === undefined || productId === undefined || serialNumber === undefined) return null;
  return serialNumber.length < NUMBER_MIN_CHARS ? null : { vendorId, productId, serialNumber };
}
