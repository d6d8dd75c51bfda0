import { BusyError, type EspxError, LinkError, NotFoundError, PermissionError, type PortInfo } from "@espx/proto";
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { findDeviceHolders, formatHolders } from "./resource-holder.ts";

/**
 * What it means that the port at `path` could not be opened.
 *
 * The binding throws texts without codes, so the file itself is asked first and the text only for the rest.
 */
export function translateOpenError(
  cause: Error,
  options: { readonly path: string; readonly ports: readonly PortInfo[] },
): EspxError {
  const { path, ports } = options;
  const access = accessOf(path);
  if (access === "ENOENT" || /no such file|file not found|cannot find/i.test(cause.message))
    return notFound(path, ports);
  if (access === "EACCES" || /permission denied/i.test(cause.message)) return notPermitted(path, cause);
  // Windows says "access denied" when another program has the port.
  if (/busy|cannot lock|temporarily unavailable|access denied/i.test(cause.message)) return portBusy(path, cause);
  return new LinkError("port/unusable", `${path} cannot be opened: ${cause.message.replace(/^Error:? /, "")}`, {
    hint: "look whether it is a serial port: espx ports --all",
    details: { url: path },
    cause,
  });
}

/** @returns BusyError `port/busy`, naming the processes that have the port open */
export function portBusy(path: string, cause?: Error): BusyError {
  const holders = findDeviceHolders(path);
  return new BusyError("port/busy", `${path} is in use by ${formatHolders(holders)}`, {
    hint: "close that program and try again",
    details: { url: path, holders },
    cause,
  });
}

/** @returns NotFoundError `port/not-found`, with the ports that there are */
export function notFound(url: string, ports: readonly PortInfo[]): NotFoundError {
  const urls = ports.map((port) => port.url);
  const existing = urls.length === 0 ? "there is none" : `there are: ${urls.join(", ")}`;
  return new NotFoundError("port/not-found", `no port ${url} (${existing})`, {
    hint: "list what there is: espx ports --all",
    details: { url, ports: urls },
  });
}

function notPermitted(path: string, cause: Error): PermissionError {
  const group = groupOf(path);
  const fix =
    group === undefined || group === "root"
      ? `give yourself the port until it is unplugged: sudo chmod a+rw ${path}`
      : `join its group, then log out and in: sudo usermod -aG ${group} $USER`;
  return new PermissionError("port/permission", `this user may not open ${path}`, {
    hint: fix,
    details: { url: path, group: group ?? null },
    cause,
  });
}

function accessOf(path: string): string | undefined {
  if (process.platform === "win32") return undefined;
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

/** Name of the group that owns a file: `dialout` on Debian, `uucp` on Arch. */
function groupOf(path: string): string | undefined {
  try {
    const { gid } = statSync(path);
    const line = readFileSync("/etc/group", "utf8")
      .split("\n")
      .find((entry) => entry.split(":")[2] === String(gid));
    return line?.split(":")[0];
  } catch {
    return undefined;
  }
}
