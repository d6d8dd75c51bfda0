import { UsageError } from "@espx/proto";
import type { BeforeMode, LeaveMode } from "@espx/serial";
import type { Context } from "../context.ts";
import { chooseBoard } from "../jobs/choose-port.ts";
import type { ChipVisit } from "../jobs/on-chip.ts";
import { boardFlags, wholeNumber } from "./_flags.ts";

const befores: readonly BeforeMode[] = ["default-reset", "usb-reset", "no-reset"];
const afters: readonly LeaveMode[] = ["hard-reset", "soft-reset", "no-reset"];

/** Flags of every verb that talks to a chip's loader, beside its port. */
const loaderFlags = {
  chip: { value: "chip", description: "refuse any other chip: esp32, esp32s3, esp32c3, …" },
  baud: {
    value: "rate",
    short: "b",
    description: "highest rate of the line (921600, or what this adapter held before)",
  },
  before: { value: "mode", description: `${befores.join(", ")} (the chip waits in its loader)` },
  after: { value: "mode", description: `${afters.join(", ")} (the chip stays in its loader)` },
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
  const { chip, baud, before = "default-reset", after = "hard-reset", noStub, trace } = flags;
  return {
    chip: chip === "auto" ? undefined : chip?.toLowerCase().replaceAll("-", ""),
    baudRate: baud === undefined ? undefined : wholeNumber(baud, "--baud", { min: 1200, max: 5_000_000 }),
    before: oneOf(before, befores, "--before"),
    after: oneOf(after, afters, "--after"),
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

/** @throws UsageError `cli/flag-value` */
function oneOf<T extends string>(text: string, values: readonly T[], flag: string): T {
  const found = values.find((value) => value === text.replaceAll("_", "-"));
  if (found !== undefined) return found;
  throw new UsageError("cli/flag-value", `${flag} takes ${values.join(", ")}, got "${text}"`, {
    hint: `for example ${flag} ${values[0] ?? ""}`,
  });
}
