import type { Clock, SerialLink } from "@espx/proto";
import { checkRegions } from "./check-regions.ts";
import { type AdapterMemory, connectLoader, type ConnectOptions, defaultBaudRate } from "./connect-loader.ts";
import { DeflateAhead } from "./deflate-ahead.ts";
import { FaultCounter, Recovery } from "./recovery.ts";
import { sectorBytes } from "./flash-pieces.ts";
import { type FlashPlan, type FlashRegion, planFlash } from "./flash-plan.ts";
import type { ChipFacts, FlashReport, FlashWorkOptions } from "./flash-report.ts";
import { type Loader } from "./loader.ts";
import { readFlash } from "./read-flash.ts";
import { type Left, leaveChip, type LeaveMode } from "./leave-chip.ts";
import { refuseProtected, refuseSecureDownload } from "./security.ts";
import type { Registers } from "./spi-flash.ts";
import { performRun } from "./write-run.ts";

/** Flash that a chip in Secure Download Mode is told to have at least; modules have as much. */
const smallestTold = 4 * 1024 * 1024;

/** Reading goes on from here when the line broke. */
const readPieceBytes = 256 * 1024;

/**
 * A chip in its serial loader: its flash to be read, compared, written and erased.
 *
 * Regions are sent only where the chip does not hold them, and verified on the chip by MD5. A lost block, a line that does not hold its
 * rate and, with `reopen`, a lost port are made up for: the chip is asked again what it has, and the rest is sent.
 * Every method but `leave` and `close` throws LinkError `flash/no-answer`, `link/lost`, DeviceError `flash/command-refused`, and
 * CanceledError `serial/canceled`.
 */
export class FlashSession {
  readonly #recovery: Recovery;
  readonly #options: ConnectOptions;

  private constructor(recovery: Recovery, options: ConnectOptions) {
    this.#recovery = recovery;
    this.#options = options;
  }

  /** @throws as `connectLoader` */
  static async connect(link: SerialLink, clock: Clock, options: ConnectOptions): Promise<FlashSession> {
    const connected = await connectLoader(link, clock, options);
    return new FlashSession(new Recovery(connected, { link, clock, options }), options);
  }

  get chip(): ChipFacts {
    const { chip, identity, flash } = this.#recovery.connected;
    return { ...chip, identity, flash };
  }

  /** The link in use: another one than at first when the port was lost. */
  get link(): SerialLink {
    return this.#loader.port.link;
  }

  get baudRate(): number {
    return this.#loader.baudRate;
  }

  get isStub(): boolean {
    return this.#loader.isStub;
  }

  /** What to hand to the next `connect` on this adapter. */
  get memory(): AdapterMemory {
    const { baudRate: asked, remembered } = this.#options;
    const usual = remembered?.baudRate ?? defaultBaudRate;
    // A rate that was asked for once, and is lower than the line holds, is not what the adapter can do.
    const isWish = asked !== undefined && this.baudRate >= asked && asked < usual;
    const baudRate = isWish ? remembered?.baudRate : this.baudRate;
    return { ...this.#resetMemory(), baudRate };
  }

  #resetMemory(): Pick<AdapterMemory, "strategy" | "sequence" | "resetDelayMs"> {
    const { before, resetDelayMs, remembered } = this.#options;
    const { strategy } = this.#recovery.connected;
    if (strategy === undefined) return remembered ?? {};
    const sequence = typeof before === "object" ? before.text : remembered?.sequence;
    const hasDelay = /^(?:tight|classic)/.test(strategy);
    return {
      strategy,
      sequence: strategy === "custom" ? sequence : undefined,
      resetDelayMs: hasDelay ? (resetDelayMs ?? remembered?.resetDelayMs) : undefined,
    };
  }

  /** The chip's registers, for what has no method here. */
  get registers(): Registers {
    return this.#loader;
  }

  get #loader(): Loader {
    return this.#recovery.connected.loader;
  }

  /** Goes over to a rate without trying it; `connect` has raised the line already. */
  async setBaud(baudRate: number): Promise<void> {
    await this.#loader.changeBaud(baudRate);
  }

  /** Whether the chip can be asked what it holds; in Secure Download Mode all is written, and nothing verified. */
  get canCompare(): boolean {
    return !this.chip.security.secureDownload;
  }

  /** MD5 of a range, 16 bytes. @throws RefusedError `flash/secure-download` */
  async md5(address: number, sizeBytes: number): Promise<Uint8Array> {
    this.#refuseSecureDownload("comparing");
    return this.#loader.md5(address, sizeBytes);
  }

  /** @throws VerifyError `flash/read-differs`; RefusedError `flash/secure-download` */
  async read(address: number, sizeBytes: number, options: FlashWorkOptions = {}): Promise<Uint8Array> {
    this.#refuseSecureDownload("reading");
    const bytes = new Uint8Array(sizeBytes);
    const faults = new FaultCounter();
    for (let done = 0; done < sizeBytes;) {
      const length = Math.min(readPieceBytes, sizeBytes - done);
      const range = { address: address + done, sizeBytes: length, md5: this.#options.tools.md5 };
      const onProgress = (pieceBytes: number): void =>
        options.onProgress?.({ phase: "read", doneBytes: done + pieceBytes, totalBytes: sizeBytes, sentBytes: 0 });
      try {
        bytes.set(await readFlash(this.#loader, range, { onProgress, signal: this.#options.signal }), done);
        done += length;
        faults.reset();
      } catch (error) {
        await this.#recovery.recover(error, faults);
      }
    }
    return bytes;
  }

  /**
   * What of the regions is not on the chip; changes nothing.
   *
   * @param options.isErased - the chip was erased: nothing is asked
   * @throws UsageError `flash/bad-address`, `flash/overlap`; RefusedError `flash/too-large`
   */
  async plan(
    regions: readonly FlashRegion[],
    options: FlashWorkOptions & { readonly isErased?: boolean } = {},
  ): Promise<FlashPlan> {
    const sorted = checkRegions(regions, this.chip.flash.sizeBytes);
    const totalBytes = sorted.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const faults = new FaultCounter();
    const ask = async (address: number, sizeBytes: number): Promise<Uint8Array> => {
      for (;;) {
        try {
          return await this.md5(address, sizeBytes);
        } catch (error) {
          await this.#recovery.recover(error, faults);
        }
      }
    };
    return planFlash(sorted, ask, {
      md5: this.#options.tools.md5,
      known: this.canCompare ? (options.isErased === true ? "blank" : undefined) : "nothing",
      onProgress: (doneBytes) => options.onProgress?.({ phase: "compare", doneBytes, totalBytes, sentBytes: 0 }),
    });
  }

  /**
   * Brings regions onto the chip; what it holds already is not sent. In Secure Download Mode all of it is sent, and not verified.
   *
   * @param options.plan - from `plan` with the same regions, when that was made
   * @throws RefusedError `flash/secure-boot`, `flash/encrypted`, `flash/download-disabled`;
   *   VerifyError `flash/verify-differs`; and as `plan`
   */
  async write(
    regions: readonly FlashRegion[],
    options: FlashWorkOptions & { readonly plan?: FlashPlan } = {},
  ): Promise<FlashReport> {
    this.#refuseProtected();
    const first = options.plan ?? (await this.plan(regions, options));
    const { tools } = this.#options;
    const totalBytes = first.writeBytes + first.eraseBytes;
    await this.#tellSize(first.runs);
    const faults = new FaultCounter();
    let sentBytes = 0;
    let plan = first;
    while (plan.runs.length > 0) {
      let at = 0;
      let leftBytes = plan.writeBytes + plan.eraseBytes;
      const ahead = this.canCompare ? new DeflateAhead(plan, tools) : undefined;
      const onProgress = (flashBytes: number, runSentBytes: number): void => {
        leftBytes -= flashBytes;
        sentBytes += runSentBytes;
        options.onProgress?.({ phase: "write", doneBytes: totalBytes - leftBytes, totalBytes, sentBytes });
      };
      try {
        for (const run of plan.runs) {
          at = run.address;
          await performRun(this.#loader, run, { tools, deflated: await ahead?.next(), onProgress });
          faults.reset();
        }
        break;
      } catch (error) {
        await this.#recovery.recover(error, faults);
        plan = await this.plan(regionsFrom(regions, at));
        await this.#tellSize(plan.runs);
      }
    }
    const { writeBytes: writtenBytes, eraseBytes: erasedBytes, unchangedBytes } = first;
    return { writtenBytes, erasedBytes, unchangedBytes, sentBytes, resumed: faults.total };
  }

  /** Blanks a range of whole sectors. @throws RefusedError as `write` */
  async eraseRegion(address: number, sizeBytes: number): Promise<void> {
    this.#refuseProtected();
    const end = Math.ceil(sizeBytes / sectorBytes) * sectorBytes;
    checkRegions([{ address, bytes: new Uint8Array(end) }], this.chip.flash.sizeBytes);
    await this.#tellSize([{ kind: "erase", address, sizeBytes: end }]);
    await this.#loader.eraseRegion(address, end);
  }

  /** Blanks all of the flash, which takes up to a minute or two. @throws RefusedError as `write`, `flash/secure-download` */
  async eraseAll(): Promise<void> {
    this.#refuseProtected();
    this.#refuseSecureDownload("erasing of all the flash, whose size it does not tell");
    await this.#loader.eraseAll(this.chip.flash.sizeBytes ?? 0);
  }

  /**
   * Leaves the chip, the link open and at 115200 baud: reset, started without a reset where the port cannot reset it, or as it is.
   *
   * A chip on USB of its own that comes back in its loader is reset by its watchdog, with the event `watchdog`; the link is lost then.
   */
  async leave(mode: LeaveMode = "hard-reset"): Promise<Left> {
    const { signal, onEvent } = this.#options;
    return leaveChip(this.#recovery.connected, mode, { signal, onEvent });
  }

  /**
   * Resets the chip also when the work was called off, and whatever stands in the way of that: a board left in its loader looks broken. What
   * cannot be reset stays, for another try.
   */
  async leaveAnyway(mode: LeaveMode = "hard-reset"): Promise<void> {
    const { onEvent } = this.#options;
    const reset = mode === "soft-reset" ? "hard-reset" : mode;
    await leaveChip(this.#recovery.connected, reset, { onEvent, resetOnly: true }).catch(() => undefined);
  }

  /**
   * Opens the port again after the chip left the bus at its reset; undefined without `reopen`.
   *
   * @throws as `reopen`
   */
  async reopen(): Promise<SerialLink | undefined> {
    this.release();
    return this.#options.reopen?.();
  }

  /** Stops listening; the link is its owner's to close. */
  release(): void {
    this.#loader.port.release();
  }

  /** A ROM whose flash chip cannot be asked for its size is told one that holds what is written. */
  async #tellSize(runs: FlashPlan["runs"]): Promise<void> {
    if (this.canCompare) return;
    const ends = runs.map((run) => run.address + (run.kind === "write" ? run.bytes.length : run.sizeBytes));
    const neededBytes = Math.max(smallestTold, ...ends);
    await this.#loader.setFlashSize(2 ** Math.ceil(Math.log2(neededBytes)));
  }

  #refuseSecureDownload(what: string): void {
    refuseSecureDownload(this.chip.security, this.chip.target.name, what);
  }

  #refuseProtected(): void {
    refuseProtected(this.chip.security, this.chip.target.name);
  }
}

/** What of the regions lies at `address` or behind it. */
function regionsFrom(regions: readonly FlashRegion[], address: number): readonly FlashRegion[] {
  return regions.flatMap((region) => {
    const skipped = Math.max(0, address - region.address);
    if (skipped >= region.bytes.length) return [];
    return [{ ...region, address: region.address + skipped, bytes: region.bytes.subarray(skipped) }];
  });
}
