import type { HostCalls, WorkerContext } from "../context.ts";

/** Size of the memory that `machine.RTC().memory()` offers. */
const rtcMemoryBytes = 2048;

const lengthBytes = 4;

/** RTC memory: a length and 2048 bytes that the host keeps over every reset. */
export function newRtcMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(lengthBytes + rtcMemoryBytes);
}

/** `machine.RTC().memory()` and the calendar, which runs on over resets and stops without power. */
export function rtcCalls(context: WorkerContext): HostCalls {
  const { memory, clock } = context.setup<RtcSetup>("rtc");
  const bytes = new Uint8Array(memory, lengthBytes);
  const length = new DataView(memory);
  const offset = new Float64Array(clock);
  return {
    rtc_length: () => length.getUint32(0),
    rtc_read: (address: number) => {
      context.memory().set(bytes.subarray(0, length.getUint32(0)), address);
      return length.getUint32(0);
    },
    rtc_write: (address: number, count: number) => {
      if (count > rtcMemoryBytes) return -1;
      bytes.set(context.memory().subarray(address, address + count));
      length.setUint32(0, count);
      return count;
    },
    rtc_seconds: () => (context.now() + (offset[0] ?? 0)) / 1000,
    rtc_set: (seconds: number) => {
      offset[0] = seconds * 1000 - context.now();
      return 0;
    },
  };
}

/** What the host keeps of the RTC: its memory, and how far its calendar is ahead of the board's clock, in ms. */
export interface RtcSetup {
  readonly memory: SharedArrayBuffer;
  readonly clock: SharedArrayBuffer;
}
