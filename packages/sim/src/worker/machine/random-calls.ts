import type { HostCalls, WorkerContext } from "../context.ts";

/** `os.urandom`. */
export function randomCalls(context: WorkerContext): HostCalls {
  return {
    random_fill: (address: number, length: number) => {
      const bytes = new Uint8Array(length);
      context.random(bytes);
      context.memory().set(bytes, address);
      return length;
    },
  };
}
