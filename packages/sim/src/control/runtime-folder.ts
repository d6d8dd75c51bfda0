import { PermissionError, UsageError } from "@espx/proto";
import { createHash } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

/** Longest path of a unix socket that every system takes, in bytes without the final zero. */
const socketPathMaxBytes = 103;

/** Where this user's simulators are found: `ESPX_RUNTIME_DIR`, else `XDG_RUNTIME_DIR/espx`, else the temporary folder. */
export function runtimeFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env["ESPX_RUNTIME_DIR"]) return env["ESPX_RUNTIME_DIR"];
  if (env["XDG_RUNTIME_DIR"]) return join(env["XDG_RUNTIME_DIR"], "espx");
  return join(tmpdir(), `espx-${process.getuid?.() ?? userInfo().username}`);
}

/**
 * Makes `folder` for this user alone, or sees that it is.
 *
 * @throws PermissionError `sim/runtime-folder` when it cannot be made, is no folder, or belongs to another user
 */
export function ensureRuntimeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (process.platform === "win32") return;
    const stat = lstatSync(folder);
    if (!stat.isDirectory()) throw new Error("it is not a folder");
    if (stat.uid !== process.getuid?.()) throw new Error(`it belongs to user ${stat.uid}`);
    if ((stat.mode & 0o077) !== 0) chmodSync(folder, 0o700);
  } catch (cause) {
    throw new PermissionError(
      "sim/runtime-folder",
      `cannot keep simulators in ${folder}: ${(cause as Error).message}`,
      {
        hint: "set ESPX_RUNTIME_DIR to a folder that only you can write to",
        cause,
      },
    );
  }
}

/**
 * Where a simulator's socket is: in the runtime folder, on Windows a named pipe.
 *
 * @throws UsageError `sim/runtime-path-long` when the folder's path leaves no room for a socket's name
 */
export function socketPath(
  folder: string,
  socket: { readonly name: string; readonly kind: "serial" | "control" | "pty" },
): string {
  const plain = `${socket.name}.${process.pid}.${socket.kind}`;
  const short = `${createHash("sha256").update(`${folder}\0${plain}`).digest("hex").slice(0, 12)}.${process.pid}.${socket.kind[0]}`;
  if (process.platform === "win32") return `\\\\.\\pipe\\espx-${short}`;
  const fitting = [plain, short]
    .map((name) => join(folder, name))
    .find((path) => Buffer.byteLength(path) <= socketPathMaxBytes);
  if (fitting !== undefined) return fitting;
  throw new UsageError("sim/runtime-path-long", `${folder} is too long a path for sockets to lie in`, {
    hint: "set ESPX_RUNTIME_DIR to a folder with a shorter path, for example /tmp/espx-me",
  });
}
