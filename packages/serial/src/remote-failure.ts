import { DeviceError } from "@espx/proto";
import type { RemoteFailure } from "@espx/proto";

const ENOSPC = 28;

/**
 * Takes apart what MicroPython prints for an exception: a traceback, then `Type: message`, which may have several lines.
 */
export function parseRemoteFailure(text: string): RemoteFailure {
  const traceback = text.replaceAll("\r\n", "\n").replace(/\n+$/, "");
  const lines = traceback.split("\n");
  const lastFrame = lines.findLastIndex((line) => /^ {2}File "|^Traceback \(/.test(line));
  const rest = lines.slice(lastFrame + 1).join("\n");
  const match = /^([A-Za-z_][\w.]*)(?::\s?([\s\S]*))?$/.exec(rest);
  if (match === null) return { type: "Exception", message: rest, traceback };
  return { type: match[1] as string, message: match[2] ?? "", traceback };
}

/** The error for an exception on a device: `device/full` where that is what it says, else `device/exception`. */
export function remoteError(text: string): DeviceError {
  const remote = parseRemoteFailure(text);
  if (isNoSpace(remote)) {
    const hint = "remove files from the board, or make the release smaller";
    return new DeviceError("device/full", "the board's file system is full", { remote, hint });
  }
  const said = remote.message === "" ? remote.type : `${remote.type}: ${remote.message}`;
  const hint =
    remote.type === "MemoryError"
      ? "the program that was stopped left too little memory: reset the board and try again"
      : undefined;
  return new DeviceError("device/exception", `the board raised ${said}`, {
    remote,
    details: { remote },
    ...(hint && { hint }),
  });
}

function isNoSpace({ type, message }: RemoteFailure): boolean {
  return type === "OSError" && (message === String(ENOSPC) || message.includes("ENOSPC"));
}
