import { connect } from "node:net";

const probeTimeoutMs = 500;

/** True while a process of that number exists, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** True when somebody listens at a socket of this machine. */
export function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const finish = (living: boolean): void => {
      socket.destroy();
      resolve(living);
    };
    socket.setTimeout(probeTimeoutMs, () => finish(false));
    socket.once("connect", () => finish(true));
    socket.once("error", () => finish(false));
  });
}

/** A socket file that a process left which was killed before it could publish or withdraw its simulator. */
export function isOrphan(file: string): boolean {
  const pid = /\.(\d+)\.(?:serial|control|pty|s|c|p)$/.exec(file)?.[1];
  return pid !== undefined && !isAlive(Number(pid));
}
