// Loaded before espx: has sysfs say that the terminal behind --port is a chip's own USB port, which it stands for.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const terminal = process.argv[process.argv.indexOf("--port") + 1];
const port = "/dev/ttyESPX";
const device = "/sys/devices/espx";
const attributes = { idVendor: "303a", idProduct: "1001", product: "USB JTAG/serial debug unit" };

const { realpathSync, readdirSync, readFileSync } = fs;
fs.realpathSync = (path, ...rest) => {
  if (path === terminal) return port;
  if (path === "/sys/class/tty/ttyESPX/device" || path === device) return device;
  return realpathSync(path, ...rest);
};
fs.readdirSync = (path, ...rest) => {
  const entries = readdirSync(path, ...rest);
  return path === "/sys/class/tty" ? [...entries, "ttyESPX"] : entries;
};
fs.readFileSync = (path, ...rest) => {
  const name = typeof path === "string" && path.startsWith(`${device}/`) ? path.slice(device.length + 1) : undefined;
  return name !== undefined && name in attributes ? attributes[name] : readFileSync(path, ...rest);
};
syncBuiltinESMExports();
