import type { HostCalls, WorkerContext } from "../context.ts";

/** `os.urandom`. */
export function randomCalls(context: WorkerContext): HostCalls {
  return {
    random_fill: (address: number, length: number) => {
      const target = context.memory().subarray(address, address + length);
      const bytes = new Uint8Array(target.length);
      context.random(bytes);
      target.set(bytes);
      return length;
    },
  };
}
