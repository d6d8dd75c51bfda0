import type { PortInfo } from "@espx/proto";
import { readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { knownAdapter } from "./known-adapters.ts";

/** Where Linux describes its devices; tests hand in a tree of their own. */
export interface SysfsRoots {
  readonly sys: string;
  readonly dev: string;
}

const realRoots: SysfsRoots = { sys: "/sys", dev: "/dev" };

/** `type` of a ttyS that the kernel made room for but that has no chip behind it. */
const noUart = "0";

/**
 * Serial ports of a Linux system, read from sysfs, where no program and no daemon is needed for it; where sysfs is
 * not mounted, from `/dev/serial/by-id`.
 */
export function listSysfsPorts(roots: SysfsRoots = realRoots): readonly PortInfo[] {
  const classFolder = join(roots.sys, "class/tty");
  const names = entriesOf(classFolder);
  if (names === undefined) return listById(roots);
  return names
    .flatMap((name) => describe(name, roots) ?? [])
    .toSorted((a, b) => a.url.localeCompare(b.url, "en", { numeric: true }));
}

function describe(name: string, { sys, dev }: SysfsRoots): PortInfo | undefined {
  const folder = join(sys, "class/tty", name);
  const device = resolve(join(folder, "device"));
  if (device === undefined || !name.startsWith("tty")) return undefined;
  if (/^ttyS\d/.test(name) && (attribute(folder, "type") ?? noUart) === noUart) return undefined;
  const url = join(dev, name);
  const usb = usbDevice(device, sys);
  if (usb === undefined) return { url, description: "serial port", known: false };
  const [vendorId, productId] = ["idVendor", "idProduct"].map((key) => Number.parseInt(attribute(usb, key) ?? "", 16));
  const adapter = knownAdapter(vendorId, productId);
  const words = [attribute(usb, "manufacturer"), attribute(usb, "product")].filter((word) => word !== undefined);
  const serialNumber = attribute(usb, "serial");
  return {
    url,
    description: words.join(" ") || adapter || "USB serial port",
    ...(Number.isNaN(vendorId) ? {} : { vendorId: vendorId as number }),
    ...(Number.isNaN(productId) ? {} : { productId: productId as number }),
    ...(serialNumber === undefined ? {} : { serialNumber }),
    known: adapter !== undefined,
  };
}

/** The folder of the USB device that a port hangs on: the nearest one upwards that has a vendor. */
function usbDevice(device: string, sys: string): string | undefined {
  const root = resolve(sys) ?? sys;
  for (let folder = device; folder.startsWith(root) && folder !== root; folder = dirname(folder)) {
    if (attribute(folder, "idVendor") !== undefined) return folder;
  }
  return undefined;
}

function listById({ dev }: SysfsRoots): readonly PortInfo[] {
  const folder = join(dev, "serial/by-id");
  return (entriesOf(folder) ?? []).map((id) => ({
    url: join(dev, basename(readlinkSync(join(folder, id)))),
    description: id.replace(/^usb-/, "").replaceAll("_", " "),
    known: /Espressif|CP210|CH34|CH910|USB_Single_Serial|FTDI/i.test(id),
  }));
}

function attribute(folder: string, name: string): string | undefined {
  try {
    return readFileSync(join(folder, name), "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}

function entriesOf(folder: string): readonly string[] | undefined {
  try {
    return readdirSync(folder);
  } catch {
    return undefined;
  }
}

function resolve(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
