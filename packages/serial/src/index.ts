export { askRunning } from "./ask-running.ts";
export { serialCodes } from "./codes.ts";
export { BootWatch } from "./flash/boot-watch.ts";
export type { BootOutcome } from "./flash/boot-watch.ts";
export type {
  ChipCatalogue,
  ChipIdentity,
  ChipTarget,
  FlashTools,
  RegisterReader,
  SpiRegisters,
  StubProgram,
} from "./flash/chip-catalogue.ts";
export type { AdapterMemory, ConnectEvent, ConnectOptions } from "./flash/connect-loader.ts";
export type { FlashPlan, FlashRegion, FlashRun } from "./flash/flash-plan.ts";
/**
 * The flashing engine: `FlashSession.connect(link, clock, { tools, chip?, before?, baudRate?, remembered?, signal?, reopen? })` brings a
 * chip into its loader; then `chip` (name, revision, features, MAC, flash, locks), `read`, `plan`, `write`, `eraseRegion`, `eraseAll`,
 * `md5`, `registers`, `setBaud`, and `leave` for the reset. `BootWatch`, made before `leave`, tells what the board does then.
 * `refuseProtected` is what `write` and the erasers call first.
 */
export { FlashSession } from "./flash/flash-session.ts";
export { parseCustomReset } from "./flash/custom-reset.ts";
export type { CustomReset } from "./flash/custom-reset.ts";
export type { ChipFacts, FlashProgress, FlashReport, FlashWorkOptions } from "./flash/flash-report.ts";
export { isInLoader } from "./flash/leave-chip.ts";
export type { LeaveMode, Left } from "./flash/leave-chip.ts";
export type { ResetStrategy } from "./flash/reset-sequences.ts";
export { refuseProtected, refuseSecureDownload, secureDownloadRemains } from "./flash/security.ts";
export type { ChipSecurity } from "./flash/security.ts";
export type { ImageFile, ImagePlace } from "./flash/image-place.ts";
export { placeImages } from "./flash/place-images.ts";
export type { FlashChip, Registers } from "./flash/spi-flash.ts";
export type { BeforeMode } from "./flash/synchronise.ts";
export { parseInventory } from "./inventory-lines.ts";
export { LinkReader } from "./link-reader.ts";
export type { Limit } from "./link-reader.ts";
export { printable } from "./printable.ts";
export { enterSteps } from "./raw-enter.ts";
export type { Entered, EnterOptions, EnterStep } from "./raw-enter.ts";
export { RawRepl } from "./raw-repl.ts";
export type { ExecOptions } from "./raw-repl.ts";
export { parseRemoteFailure } from "./remote-failure.ts";
export { parseRunningAnswer, runningQuery } from "./running-state.ts";
export type { RunningAnswer } from "./running-state.ts";
export { SerialTransport } from "./serial-transport.ts";
export type { SerialTransportOptions } from "./transport-options.ts";
export type { Deflate } from "./stream/frame-packer.ts";
export type { LineReport } from "./stream/step-stream.ts";
export { formatTrace, traceLink } from "./trace-link.ts";
export type { TraceEntry } from "./trace-link.ts";
