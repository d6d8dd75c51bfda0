import { statSync } from "node:fs";

const periodMs = 250;

/**
 * Calls `gone` once when the device file at `path` is no longer what it was: unplugged, or plugged in anew.
 *
 * The binding does not always notice: reading a terminal that was hung up gives no bytes and no error, and it reads on without end.
 * @returns a function that ends the watch
 * @source serialport/bindings-cpp pull request 164
 */
export function watchDevice(path: string, gone: () => void): () => void {
  const before = inodeOf(path);
  if (process.platform === "win32" || before === undefined) return () => {};
  const timer = setInterval(() => {
    if (inodeOf(path) === before) return;
    clearInterval(timer);
    gone();
  }, periodMs);
  timer.unref();
  return () => clearInterval(timer);
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    return undefined;
  }
}
