import {
  CanceledError,
  type Clock,
  encodeWords,
  isEspxError,
  loaderCommand,
  type SerialLink,
  formatLatin1,
} from "@espx/proto";
import type { ConnectedLoader, ConnectEvent } from "./connect-loader.ts";
import type { CustomReset } from "./custom-reset.ts";
import { Loader } from "./loader.ts";
import { LoaderPort } from "./loader-port.ts";
import { biteByWatchdog, forgetForcedDownload, hasWatchdogReset, staysOverOtg } from "./reset-registers.ts";
import { hardReset, performReset } from "./reset-sequences.ts";
import { romBaudRate } from "./rom-baud-rate.ts";
import { call } from "./synchronise.ts";

/** How a board is left: by EN, by its own watchdog, by a start without a reset, by what a person wrote down, or as it is. */
export type LeaveMode = "hard-reset" | "watchdog-reset" | "soft-reset" | "no-reset" | CustomReset;

/** What became of the chip when it was left. */
export type Left = "reset" | "watchdog" | "started" | "stays";

export interface LeaveOptions {
  /** Where the port has no modem lines the chip stays as it is, instead of being started. */
  readonly resetOnly?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: ConnectEvent) => void) | undefined;
}

/** How long a ROM may take to say that it waits for a download again. */
const romSpeaksMs = 500;

/** Adapters and pseudo-terminals have bytes on the way after they were drained, and lose them when the rate is changed. */
const onTheWayMs = 50;

/**
 * Leaves a chip, the link open and at 115200 baud.
 *
 * A chip that talks over USB of its own is not reset as a whole by RTS: when its boot pin was low at its last start, it comes back in its
 * loader, and says so. Its RTC watchdog resets it then, where it has one that does.
 */
export async function leaveChip(connected: ConnectedLoader, mode: LeaveMode, options: LeaveOptions): Promise<Left> {
  if (mode === "no-reset") return "stays";
  const loader = connected.loader.withSignal(options.signal);
  const { link, clock } = loader.port;
  const toRomRate = async (waitMs: number): Promise<void> => {
    await link.drain();
    if (loader.baudRate === romBaudRate) return;
    await clock.sleep(waitMs, options.signal);
    await link.setBaud(romBaudRate);
  };
  if (await wantsWatchdog(connected, mode, options)) {
    await biteWith(loader, connected.chip.target.key);
    await toRomRate(onTheWayMs).catch(ignoreLost);
    return "watchdog";
  }
  const canReset = mode !== "soft-reset" && (await link.setSignals({ dtr: false, rts: false }));
  if (!canReset && options.resetOnly === true) return "stays";
  if (!canReset) await loader.runFlash();
  else if (mayStay(connected)) await forgetForcedDownload(connected.chip.target.key, loader).catch(leftToTheReset);
  await toRomRate(canReset ? 0 : onTheWayMs);
  if (!canReset) return "started";
  loader.port.reader.forget();
  const { signal } = options;
  if (typeof mode === "object") await performReset(link, clock, { steps: mode.steps, signal });
  else await hardReset(link, clock, signal);
  return (await isBackInLoader(connected, options)) ? "watchdog" : "reset";
}

/** Whether the watchdog was asked for and can do it, or is known to be the only way. */
async function wantsWatchdog(
  { loader, chip: { target, security } }: ConnectedLoader,
  mode: LeaveMode,
  { onEvent, signal }: LeaveOptions,
): Promise<boolean> {
  if (mode === "watchdog-reset") {
    const reason = security.secureDownload
      ? "Secure Download Mode lets no register be written"
      : hasWatchdogReset(target.key)
        ? undefined
        : `the watchdog of an ${target.name} does not reset it safely`;
    onEvent?.(reason === undefined ? { kind: "watchdog", why: "asked" } : { kind: "no-watchdog", reason });
    return reason === undefined;
  }
  const isOtg = mode === "hard-reset" && loader.port.link.traits.kind === "cdc" && !security.secureDownload;
  const stays = isOtg && (await staysOverOtg(target.key, loader.withSignal(signal)).catch(leftToTheReset));
  if (stays !== true) return false;
  onEvent?.({ kind: "watchdog", why: "stays" });
  return true;
}

/** Whether RTS may leave the chip in its loader. Behind a bridge EN resets all of it; what hangs behind a network port is not known. */
function mayStay({ loader, chip }: ConnectedLoader): boolean {
  return ["usb-jtag", "cdc", "net"].includes(loader.port.link.traits.kind) && !chip.security.secureDownload;
}

/** A loader that does not answer any more is reset all the same; only who calls off ends it. */
function leftToTheReset(error: unknown): undefined {
  if (!isEspxError(error) || error instanceof CanceledError) throw error;
}

/** After a reset by RTS: whether the chip waits in its loader again, and was reset by its watchdog then. */
async function isBackInLoader(connected: ConnectedLoader, { signal, onEvent }: LeaveOptions): Promise<boolean> {
  const { port } = connected.loader;
  const { target } = connected.chip;
  if (!mayStay(connected) || !hasWatchdogReset(target.key)) return false;
  try {
    if (!(await saysDownload(port, signal))) return false;
    const answer = await call(port, 5, signal);
    if (answer === undefined) return false;
    onEvent?.({ kind: "watchdog", why: "stays" });
    const rom = { isStub: answer.isStub, isUsbOtg: false, takesEncryption: true, baudRate: romBaudRate, signal };
    await biteWith(new Loader(port, rom), target.key);
    return true;
  } catch (error) {
    ignoreLost(error);
    return false;
  }
}

/** Whether a loader answers on a line that says nothing by itself. Another program there gets a few dozen bytes that mean nothing. */
export async function isInLoader(link: SerialLink, clock: Clock, signal?: AbortSignal): Promise<boolean> {
  const port = new LoaderPort(link, clock);
  try {
    return (await call(port, 3, signal)) !== undefined;
  } finally {
    port.release();
  }
}

async function saysDownload({ reader, clock }: LoaderPort, signal: AbortSignal | undefined): Promise<boolean> {
  const untilMs = clock.now() + romSpeaksMs;
  for (;;) {
    const said = formatLatin1(reader.history);
    if (said.includes("waiting for download")) return true;
    if (/boot:0x[0-9a-f]+ \(SPI/i.test(said)) return false;
    if (!(await reader.more(reader.queue.length, { untilMs, signal }))) return false;
  }
}

async function biteWith(loader: Loader, chip: string): Promise<void> {
  await biteByWatchdog(chip, loader, (address, value) =>
    loader.port.send(loaderCommand.writeRegister, encodeWords(address, value, 0xffffffff, 0)),
  );
}

/** A chip that was reset may leave the bus at any moment. */
function ignoreLost(error: unknown): void {
  if (!isEspxError(error, "link/lost")) throw error;
}
