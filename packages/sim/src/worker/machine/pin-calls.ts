import { errno } from "../../vm/errno.ts";
import type { HostCalls, WorkerContext } from "../context.ts";
import type { CallbackQueue } from "./callback-queue.ts";

/** How a pin is set, in the numbers of `machine.Pin`. */
const mode = { input: 1, output: 3, openDrain: 7 } as const;
const pull = { down: 1, up: 2 } as const;
const edge = { rising: 1, falling: 2 } as const;

/** Pins of the ESP32 that exist on its package: 0 to 39 without 20, 24 and 28 to 31. */
const pinNumbers = new Set([...Array(40).keys()].filter((pin) => ![20, 24, 28, 29, 30, 31].includes(pin)));
const inputOnly = 34;

interface Pin {
  mode: number;
  pull: number;
  /** What the program drives. */
  output: 0 | 1;
  irq: { readonly callback: number; readonly trigger: number } | undefined;
}

/** What is on the outside of a pin, kept by the host over resets; bytes by pin number: 0, 1, or 2 for nothing. */
export const nothingConnected = 2;

/** `machine.Pin`: levels seen from both sides, with events for the host when one changes. */
export function pinCalls(context: WorkerContext, callbacks: CallbackQueue): HostCalls {
  const outside = new Uint8Array(context.setup<SharedArrayBuffer>("pins"));
  const pins = new Map<number, Pin>();
  const level = (number: number): 0 | 1 => pinLevel(pins.get(number), outside[number] ?? nothingConnected);
  const changed = (number: number, before: 0 | 1): void => {
    const value = level(number);
    if (value === before) return;
    context.post({ type: "pin", pin: number, value });
    const irq = pins.get(number)?.irq;
    if (irq !== undefined && (irq.trigger & (value === 1 ? edge.rising : edge.falling)) !== 0)
      callbacks.run(irq.callback, 0);
  };
  context.on("pin-outside", ({ pin, value }: { readonly pin: number; readonly value: number }) => {
    const before = level(pin);
    outside[pin] = value;
    changed(pin, before);
  });
  const change = (number: number, set: (pin: Pin) => void): number => {
    if (!pinNumbers.has(number)) return -errno.EINVAL;
    const before = level(number);
    const pin = pins.get(number) ?? { mode: mode.input, pull: 0, output: 0, irq: undefined };
    set(pin);
    pins.set(number, pin);
    changed(number, before);
    context.spend();
    return 0;
  };
  return {
    pin_exists: (number: number) => Number(pinNumbers.has(number)),
    pin_mode: (number: number, to: number) =>
      number >= inputOnly && to !== mode.input ? -1 : change(number, (pin) => void (pin.mode = to)),
    pin_pull: (number: number, to: number) => change(number, (pin) => void (pin.pull = to)),
    pin_get: (number: number) => {
      context.poll();
      return level(number);
    },
    pin_set: (number: number, value: number) => change(number, (pin) => void (pin.output = value === 0 ? 0 : 1)),
    pin_irq: (number: number, callback: number, trigger: number) =>
      change(number, (pin) => void (pin.irq = trigger === 0 ? undefined : { callback, trigger })),
  };
}

function pinLevel(pin: Pin | undefined, outside: number): 0 | 1 {
  if (pin?.mode === mode.output) return pin.output;
  if (pin?.mode === mode.openDrain && pin.output === 0) return 0;
  if (outside !== nothingConnected) return outside === 0 ? 0 : 1;
  return pin !== undefined && (pin.pull & pull.up) !== 0 ? 1 : 0;
}
