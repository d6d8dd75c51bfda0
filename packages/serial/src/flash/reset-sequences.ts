import type { Clock, SerialLink, Signals } from "@espx/proto";

/** Ways into download mode, by what hangs between the adapter's modem lines and the chip. */
export type ResetStrategy = "tight" | "tight-slow" | "classic" | "classic-slow" | "usb-jtag";

/** How a board is left. */
export type LeaveMode = "hard-reset" | "soft-reset" | "no-reset";

type Step = Signals | number;

const idle: Signals = { dtr: false, rts: false };
/** RTS alone holds EN low: the chip stands still. */
const reset: Signals = { dtr: false, rts: true };
/** DTR alone holds the boot pin low. */
const boot: Signals = { dtr: true, rts: false };
const both: Signals = { dtr: true, rts: true };

/** Time that EN is held low, and that the boot pin stays low behind it: a capacitor at EN lets it rise late. */
const holdMs = 100;
const bootMs = 50;
const slowBootMs = 550;

/**
 * Lines and pauses in ms, both lines always set at once.
 *
 * The classic circuit follows each change, the tight ones pass through `both`, which leaves EN and boot pin high, so that neither
 * twitches; on the chip's own USB the controller looks at the changes itself and wants `both` between boot and reset.
 *
 * @source esptool 5.6, reset.py
 */
const sequences: Readonly<Record<ResetStrategy, readonly Step[]>> = {
  tight: [idle, both, reset, holdMs, boot, bootMs, idle],
  "tight-slow": [idle, both, reset, holdMs, boot, slowBootMs, idle],
  classic: [reset, holdMs, both, boot, bootMs, idle],
  "classic-slow": [reset, holdMs, both, boot, slowBootMs, idle],
  "usb-jtag": [idle, holdMs, boot, holdMs, both, reset, holdMs, idle],
};

/** The strategies in the order in which they are tried: the one that worked before, then those that fit the link. */
export function resetOrder(link: SerialLink, remembered?: ResetStrategy): readonly ResetStrategy[] {
  const bridge = ["tight", "tight-slow", "classic", "classic-slow"] as const;
  const usual: readonly ResetStrategy[] = link.traits.kind === "usb-jtag" ? ["usb-jtag", ...bridge] : bridge;
  return remembered === undefined ? usual : [remembered, ...usual.filter((strategy) => strategy !== remembered)];
}

/**
 * Brings a chip into its serial loader.
 *
 * @returns false when the link has no modem lines: nothing was done
 */
export async function resetToLoader(
  link: SerialLink,
  clock: Clock,
  { strategy, signal }: { readonly strategy: ResetStrategy; readonly signal?: AbortSignal | undefined },
): Promise<boolean> {
  return run(link, clock, sequences[strategy], signal);
}

/**
 * Pulses EN, so that the chip runs what is in its flash.
 *
 * @returns false when the link has no modem lines: nothing was done
 */
export async function hardReset(link: SerialLink, clock: Clock, signal?: AbortSignal): Promise<boolean> {
  const isUsb = link.traits.kind === "usb-jtag" || link.traits.kind === "cdc";
  const pulse = isUsb ? [reset, 200, idle, 200] : [idle, reset, holdMs, idle];
  const couldReset = await run(link, clock, pulse, signal);
  // The chip's own USB keeps its output until somebody raises DTR.
  if (couldReset && isUsb) await link.setSignals(boot);
  return couldReset;
}

async function run(link: SerialLink, clock: Clock, steps: readonly Step[], signal?: AbortSignal): Promise<boolean> {
  for (const step of steps) {
    if (typeof step === "number") await clock.sleep(step, signal);
    else if (!(await link.setSignals(step))) return false;
  }
  return true;
}
