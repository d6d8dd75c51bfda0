import { type Clock, isEspxError, LinkError, RefusedError, type SerialLink } from "@espx/proto";
import type { ChipIdentity, FlashTools } from "./chip-catalogue.ts";
import { type IdentifiedChip, identifyChip } from "./identify-chip.ts";
import { isRefusal, Loader } from "./loader.ts";
import { LoaderPort } from "./loader-port.ts";
import { type CustomReset, parseCustomReset } from "./custom-reset.ts";
import { quietWatchdogs } from "./reset-registers.ts";
import { hardReset, type ResetChoice, type ResetStrategy } from "./reset-sequences.ts";
import { romBaudRate } from "./rom-baud-rate.ts";
import { flashSizeOf, type FlashChip, readFlashId } from "./spi-flash.ts";
import { uploadStub } from "./stub-upload.ts";
import { type BeforeMode, call, synchronise } from "./synchronise.ts";

/** How to reach a chip. */
export interface ConnectOptions {
  readonly tools: FlashTools;
  /** The chip that it must be, as `esp32s3`; any when left out. */
  readonly chip?: string | undefined;
  /** Default `default-reset`; a sequence is the only one that is tried. */
  readonly before?: BeforeMode | CustomReset | undefined;
  /** Time that the boot pin stays low behind EN, in ms; default 50, then 550. */
  readonly resetDelayMs?: number | undefined;
  /** Highest rate to raise the line to; default 921600. Where it does not hold, the next lower one is taken. */
  readonly baudRate?: number | undefined;
  /** What worked with this adapter before. */
  readonly remembered?: AdapterMemory | undefined;
  /** False works with the ROM alone: slower, for a chip whose stub does not run. */
  readonly useStub?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: ConnectEvent) => void) | undefined;
  /** Opens the port again when the board came off, under whatever name it has then. Without it, a lost port is the end. */
  readonly reopen?: (() => Promise<SerialLink>) | undefined;
}

/** What is worth knowing of an adapter the next time. */
export interface AdapterMemory {
  readonly strategy?: ResetStrategy | undefined;
  /** Text of the sequence when the strategy is `custom`. */
  readonly sequence?: string | undefined;
  readonly resetDelayMs?: number | undefined;
  readonly baudRate?: number | undefined;
}

/** What happens on the way, for a person who waits. */
export type ConnectEvent =
  | { readonly kind: "reset"; readonly attempt: number; readonly strategy: ResetStrategy | undefined }
  | { readonly kind: "chip"; readonly description: string }
  | { readonly kind: "baud"; readonly baudRate: number; readonly refused: readonly number[] }
  | { readonly kind: "lost"; readonly reason: string }
  /** The chip is reset by its own watchdog: it was `asked` for, or the chip `stays` in its loader when RTS resets it. */
  | { readonly kind: "watchdog"; readonly why: "asked" | "stays" }
  /** The watchdog was asked for and cannot do it: the chip is reset by RTS. */
  | { readonly kind: "no-watchdog"; readonly reason: string }
  | { readonly kind: "resumed" };

/** A chip whose loader answers, all set for flash. */
export interface ConnectedLoader {
  readonly loader: Loader;
  readonly chip: IdentifiedChip;
  readonly identity: ChipIdentity | undefined;
  readonly flash: FlashChip;
  readonly strategy: ResetStrategy | undefined;
  readonly canReset: boolean;
}

/** Rates that adapters share, from above. */
const baudLadder = [3_000_000, 2_000_000, 1_500_000, 921_600, 460_800, 230_400, romBaudRate];
export const defaultBaudRate = 921_600;

/**
 * Brings a chip into its loader, recognises it, starts the stub, raises the line's rate and attaches the flash.
 *
 * @throws as `synchronise`, `identifyChip`, `uploadStub`; RefusedError `flash/wrong-chip`, `flash/no-flash-chip`;
 *   LinkError `flash/baud-lost` where a rate does not hold and the board cannot be reset for another try
 */
export async function connectLoader(link: SerialLink, clock: Clock, options: ConnectOptions): Promise<ConnectedLoader> {
  const refused: number[] = [];
  for (const baudRate of baudRates(link, options)) {
    const port = new LoaderPort(link, clock);
    try {
      const connected = await connectAt(port, baudRate, options);
      if (connected !== undefined) {
        options.onEvent?.({ kind: "baud", baudRate: connected.loader.baudRate, refused });
        return connected;
      }
      refused.push(baudRate);
    } catch (error) {
      port.release();
      // Also after Ctrl-C: a board that is left in its loader looks broken.
      if (options.before !== "no-reset") await hardReset(link, clock).catch(() => false);
      throw error;
    }
    port.release();
  }
  throw baudLost(link.url, refused);
}

/** @returns undefined when the chip does not answer at that rate, and can be reset for another try */
async function connectAt(
  port: LoaderPort,
  baudRate: number,
  options: ConnectOptions,
): Promise<ConnectedLoader | undefined> {
  const { signal, tools } = options;
  const onAttempt = (attempt: number, strategy: ResetStrategy | undefined): void =>
    options.onEvent?.({ kind: "reset", attempt, strategy });
  // The ROM measures the rate of the first call.
  await port.link.setBaud(Math.min(romBaudRate, baudRate));
  const found = await synchroniseAnywhere(port, baudRate, { ...beforeOf(options), signal, onAttempt });
  const rom = new Loader(port, { isStub: found.isStub, ...firstContact, baudRate: found.baudRate, signal });
  const chip = await identifyChip(rom, tools.chips);
  refuseOther(chip, options.chip);
  const isOwnUsb = port.link.traits.kind === "usb-jtag" && !found.isStub && !chip.security.secureDownload;
  if (isOwnUsb) await quietWatchdogs(chip.target.key, rom);
  const stub = await startStub(rom, chip, options);
  if (!(await raiseBaud(stub, baudRate))) {
    if (found.canReset) return undefined;
    throw baudLost(port.link.url, [baudRate]);
  }
  const identity = chip.security.secureDownload ? undefined : await chip.target.identify(stub);
  options.onEvent?.({ kind: "chip", description: identity?.description ?? chip.target.name });
  const flash = await attachFlash(stub, chip);
  return { loader: stub, chip, identity, flash, strategy: found.strategy, canReset: found.canReset };
}

/** How the chip is brought into its loader: as a person wrote it down and as nothing else, or in every way that is known. */
function beforeOf({ before = "default-reset", remembered, resetDelayMs }: ConnectOptions): {
  readonly before: BeforeMode | "custom";
  readonly reset: ResetChoice;
} {
  if (typeof before === "object") return { before: "custom", reset: { custom: before } };
  const { strategy, sequence } = remembered ?? {};
  const custom = sequence === undefined ? undefined : parseCustomReset(sequence);
  const delayMs = resetDelayMs ?? remembered?.resetDelayMs;
  return { before, reset: { remembered: strategy, custom, delayMs } };
}

const firstContact = { isUsbOtg: false, takesEncryption: false } as const;

/** A stub that runs since an earlier run listens at the rate that it was told then; nobody may be able to reset it. */
async function synchroniseAnywhere(
  port: LoaderPort,
  baudRate: number,
  options: Parameters<typeof synchronise>[1],
): Promise<Awaited<ReturnType<typeof synchronise>> & { readonly baudRate: number }> {
  try {
    return { ...(await synchronise(port, options)), baudRate: Math.min(romBaudRate, baudRate) };
  } catch (error) {
    const mayListenElsewhere = isEspxError(error, "flash/nothing-received") || isEspxError(error, "flash/noise");
    if (!mayListenElsewhere || baudRate <= romBaudRate || error.details["canReset"] === true) throw error;
    await port.link.setBaud(baudRate);
    const answer = await call(port, 3, options.signal);
    if (answer === undefined) throw error;
    return { ...answer, strategy: undefined, canReset: false, baudRate };
  }
}

async function startStub(rom: Loader, chip: IdentifiedChip, options: ConnectOptions): Promise<Loader> {
  const { port, baudRate } = rom;
  const { signal, useStub = true } = options;
  const takesEncryption = chip.target.key !== "esp32";
  const isLocked = chip.security.secureDownload;
  const isUsbOtg = !isLocked && port.link.traits.kind === "cdc" && (await chip.target.usesUsbOtg(rom));
  const stub = useStub && !isLocked && !rom.isStub ? await chip.target.stub(rom) : undefined;
  if (stub !== undefined) await uploadStub(rom, stub, { isUsbOtg, signal });
  const isStub = rom.isStub || stub !== undefined;
  return new Loader(port, { isStub, isUsbOtg, isLocked, takesEncryption, baudRate, signal });
}

/** Goes over to a rate and tries it; false when it does not hold. */
async function raiseBaud(loader: Loader, baudRate: number): Promise<boolean> {
  if (baudRate === loader.baudRate || !hasBaud(loader.port.link)) return true;
  try {
    await loader.changeBaud(baudRate);
  } catch (error) {
    // Some ROMs do not change it in Secure Download Mode.
    if (loader.isLocked && isRefusal(error)) return true;
    throw error;
  }
  try {
    for (let trial = 0; trial < baudTrials; trial++) await loader.ping();
    return true;
  } catch (error) {
    if (isEspxError(error, "flash/no-answer") || isEspxError(error, "flash/command-unknown")) return false;
    throw error;
  }
}

const baudTrials = 3;

async function attachFlash(loader: Loader, { target, security }: IdentifiedChip): Promise<FlashChip> {
  await loader.attachFlash();
  if (security.secureDownload) return { id: 0, sizeBytes: undefined };
  const id = await readFlashId(loader, target.spi);
  if (id === 0 || id === 0xffffff) throw noFlashChip(id);
  const sizeBytes = flashSizeOf(id);
  if (sizeBytes !== undefined) await loader.setFlashSize(sizeBytes);
  return { id, sizeBytes };
}

function hasBaud(link: SerialLink): boolean {
  return link.traits.kind !== "usb-jtag" && link.traits.kind !== "cdc";
}

function baudRates(link: SerialLink, options: ConnectOptions): readonly number[] {
  if (!hasBaud(link)) return [romBaudRate];
  const wanted = options.baudRate ?? options.remembered?.baudRate ?? defaultBaudRate;
  return [wanted, ...baudLadder.filter((rate) => rate < wanted)];
}

function refuseOther({ target }: IdentifiedChip, wanted: string | undefined): void {
  if (wanted === undefined || wanted === target.key) return;
  throw new RefusedError("flash/wrong-chip", `the chip is an ${target.name}, not the ${wanted} that was asked for`, {
    hint: "is it the right port? List them: espx ports",
    details: { chip: target.key, wanted },
  });
}

function noFlashChip(id: number): RefusedError {
  return new RefusedError(
    "flash/no-flash-chip",
    `the flash chip does not answer (id 0x${id.toString(16).padStart(6, "0")})`,
    {
      hint: "nothing may hang on the flash pins (GPIO6 to GPIO11 of an ESP32), and its voltage must fit (VDD_SDIO, GPIO12); unplug what is wired there",
      details: { flashId: id },
    },
  );
}

function baudLost(url: string, refused: readonly number[]): LinkError {
  return new LinkError("flash/baud-lost", `the chip at ${url} does not answer at ${refused.join(", ")} baud`, {
    hint: "reset the board into download mode (hold BOOT, tap EN) and go slower: --baud 115200",
    details: { refused },
  });
}
