import { UsageError } from "@espx/proto";
import { type BeforeMode, type CustomReset, type LeaveMode, parseCustomReset } from "@espx/serial";
import type { Context } from "../context.ts";
import { chooseBoard } from "../jobs/choose-port.ts";
import type { ChipVisit } from "../jobs/on-chip.ts";
import { boardFlags, wholeNumber } from "./_flags.ts";

const befores: readonly BeforeMode[] = ["default-reset", "usb-reset", "no-reset"];
const afters: readonly Exclude<LeaveMode, CustomReset>[] = ["hard-reset", "watchdog-reset", "soft-reset", "no-reset"];

/** Flags of every verb that talks to a chip's loader, beside its port. */
const loaderFlags = {
  chip: { value: "chip", description: "refuse any other chip: esp32, esp32s3, esp32c3, …" },
  baud: {
    value: "rate",
    short: "b",
    description: "highest rate of the line (921600, or what this adapter held before)",
  },
  before: {
    value: "mode",
    description: `${befores.join(", ")} (the chip waits in its loader), or steps such as D0|R1|W0.1|D1|R0|W0.05|D0`,
  },
  after: {
    value: "mode",
    description: `${afters.join(", ")} (the chip stays in its loader), or steps as for --before`,
  },
  resetDelay: { value: "ms", description: "how long the boot pin stays low behind a reset (50, then 550)" },
  noStub: { description: "work with the chip's ROM alone, which is slower" },
  trace: { value: "file", description: "write every byte on the line with its time" },
} as const;

/** {@link loaderFlags} with those of one port. */
export const chipFlags = { ...boardFlags, ...loaderFlags } as const;

/** Values of {@link loaderFlags}. */
interface LoaderFlags {
  readonly chip: string | undefined;
  readonly baud: string | undefined;
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly resetDelay: string | undefined;
  readonly noStub: boolean;
  readonly trace: string | undefined;
}

/** Values of {@link chipFlags}. */
interface ChipFlags extends LoaderFlags {
  readonly port: string | undefined;
  readonly device: string | undefined;
  readonly filter: readonly string[];
}

/** How a chip is reached and left, whatever its port. */
export function loaderWish(flags: LoaderFlags): Omit<ChipVisit, "url" | "device"> {
  const { chip, baud, before = "default-reset", after = "hard-reset", resetDelay, noStub, trace } = flags;
  return {
    chip: chip === "auto" ? undefined : chip?.toLowerCase().replaceAll("-", ""),
    baudRate: baud === undefined ? undefined : wholeNumber(baud, "--baud", { min: 1200, max: 5_000_000 }),
    before: resetOf(before, befores, "--before"),
    after: resetOf(after, afters, "--after"),
    resetDelayMs:
      resetDelay === undefined ? undefined : wholeNumber(resetDelay, "--reset-delay", { min: 0, max: 10_000 }),
    useStub: !noStub,
    trace,
  };
}

/** The chip that the flags mean; its port is not opened yet. */
export async function chosenChip(ctx: Context, flags: ChipFlags): Promise<ChipVisit> {
  const wish = loaderWish(flags);
  const { url, entry } = await chooseBoard(ctx, flags);
  return { ...wish, url, device: entry };
}

/** One of the names, or a sequence of steps. @throws UsageError `cli/flag-value`, `flash/bad-reset-sequence` */
function resetOf<T extends string>(text: string, values: readonly T[], flag: string): T | CustomReset {
  return text.includes("|") || /^[DRUW][\d.]/i.test(text) ? parseCustomReset(text) : oneOf(text, values, flag);
}

/** @throws UsageError `cli/flag-value` */
function oneOf<T extends string>(text: string, values: readonly T[], flag: string): T {
  const found = values.find((value) => value === text.replaceAll("_", "-"));
  if (found !== undefined) return found;
  throw new UsageError("cli/flag-value", `${flag} takes ${values.join(", ")}, got "${text}"`, {
    hint: `for example ${flag} ${values[0] ?? ""}`,
  });
}
