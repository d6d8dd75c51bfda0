import type { Signals } from "@espx/proto";

/**
 * What the chip's own USB makes of DTR and RTS: DTR alone asks for download mode, neither takes that back, both change nothing, and RTS
 * alone resets the digital core. Its strapping pins are not looked at for that, and EN does not move.
 *
 * @source ESP32-S3 technical reference manual, USB Serial/JTAG controller, reset and download mode through CDC-ACM
 */
export class UsbControl {
  readonly #restart: (toDownload: boolean) => void;
  #isDownloadAsked = false;
  #isResetting = false;

  constructor(restart: (toDownload: boolean) => void) {
    this.#restart = restart;
  }

  set({ dtr, rts }: Signals): void {
    const resets = rts && !dtr;
    if (!rts) this.#isDownloadAsked = dtr;
    if (resets && !this.#isResetting) this.#restart(this.#isDownloadAsked);
    this.#isResetting = resets;
  }
}
