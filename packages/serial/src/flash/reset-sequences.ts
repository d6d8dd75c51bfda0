import type { Clock, SerialLink, Signals } from "@espx/proto";
import type { CustomReset, ResetStep } from "./custom-reset.ts";

/** Ways into download mode, by what hangs between the adapter's modem lines and the chip; `custom` is one that a person wrote down. */
export type ResetStrategy = (typeof strategies)[number];

const strategies = ["tight", "tight-slow", "classic", "classic-slow", "usb-jtag", "custom"] as const;

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

/** How a chip is reset beyond what is usual. */
export interface ResetChoice {
  /** What worked with this adapter before: tried first. */
  readonly remembered?: ResetStrategy | undefined;
  readonly custom?: CustomReset | undefined;
  /** Time that the boot pin stays low behind EN, instead of the usual two. */
  readonly delayMs?: number | undefined;
}

/**
 * Lines and pauses in ms, both lines always set at once.
 *
 * The classic circuit follows each change, the tight ones pass through `both`, which leaves EN and boot pin high, so that neither
 * twitches; on the chip's own USB the controller looks at the changes itself and wants `both` between boot and reset.
 *
 * @source esptool 5.6, reset.py
 */
export function resetSteps(strategy: ResetStrategy, { custom, delayMs }: ResetChoice = {}): readonly ResetStep[] {
  switch (strategy) {
    case "tight":
    case "tight-slow":
      return [idle, both, reset, holdMs, boot, delayMs ?? (strategy === "tight" ? bootMs : slowBootMs), idle];
    case "classic":
    case "classic-slow":
      return [reset, holdMs, both, boot, delayMs ?? (strategy === "classic" ? bootMs : slowBootMs), idle];
    case "usb-jtag":
      return [idle, holdMs, boot, holdMs, both, reset, holdMs, idle];
    case "custom":
      return custom?.steps ?? [];
  }
}

/** The strategies in the order in which they are tried: the one that worked before, then those that fit the link. */
export function resetOrder(link: SerialLink, choice: ResetChoice = {}): readonly ResetStrategy[] {
  const { remembered, custom, delayMs } = choice;
  const bridge: readonly ResetStrategy[] =
    delayMs === undefined ? ["tight", "tight-slow", "classic", "classic-slow"] : ["tight", "classic"];
  const usual: readonly ResetStrategy[] = link.traits.kind === "usb-jtag" ? ["usb-jtag", ...bridge] : bridge;
  // What was kept may be from another espx.
  const isUsable = strategies.some((strategy) => strategy === remembered) && (remembered !== "custom" || custom);
  const first = isUsable ? remembered : undefined;
  // A delay makes both variants of a circuit one.
  const known = delayMs === undefined ? first : (first?.replace(/-slow$/, "") as ResetStrategy | undefined);
  return known === undefined ? usual : [known, ...usual.filter((strategy) => strategy !== known)];
}

/**
 * Moves the lines as steps say; they start unasserted. When it is called off, both are let go.
 *
 * @returns false when the link has no modem lines: nothing was done
 */
export async function performReset(
  link: SerialLink,
  clock: Clock,
  { steps, signal }: { readonly steps: readonly ResetStep[]; readonly signal?: AbortSignal | undefined },
): Promise<boolean> {
  let lines = idle;
  try {
    for (const step of steps) {
      if (typeof step === "number") await clock.sleep(step, signal);
      else if (!(await link.setSignals((lines = { ...lines, ...step })))) return false;
    }
    return true;
  } catch (error) {
    await link.setSignals(idle).catch(() => false);
    throw error;
  }
}

/**
 * Pulses EN, so that the chip runs what is in its flash.
 *
 * On the chip's own USB RTS resets the digital core alone; a DTR that was raised before would ask it for download mode, so that both
 * lines are let go first.
 *
 * @returns false when the link has no modem lines: nothing was done
 */
export async function hardReset(link: SerialLink, clock: Clock, signal?: AbortSignal): Promise<boolean> {
  const isUsb = link.traits.kind === "usb-jtag" || link.traits.kind === "cdc";
  const steps = isUsb ? [idle, reset, 200, idle, 200] : [idle, reset, holdMs, idle];
  const couldReset = await performReset(link, clock, { steps, signal });
  // The chip's own USB keeps its output until somebody raises DTR.
  if (couldReset && isUsb) await link.setSignals(boot);
  return couldReset;
}
