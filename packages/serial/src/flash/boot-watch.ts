import { formatLatin1 } from "@espx/proto";
import type { Clock, SerialLink } from "@espx/proto";
import { LinkReader } from "../link-reader.ts";
import { printable } from "../printable.ts";

/** What a board did after its reset. */
export interface BootOutcome {
  /**
   * `micropython`: its banner came. `blank`: no boot loader in flash, the ROM says so again and again. `no-application`: the boot loader
   * finds nothing to start. `loop`: it starts over and over. `download`: it waits in its loader. `other`: it talks, but not as MicroPython does. `silent`: nothing came.
   */
  readonly kind: "micropython" | "blank" | "no-application" | "loop" | "download" | "other" | "silent";
  /** The banner's line, or the last lines that came. */
  readonly text: string;
}

/** Resets that count as a loop. */
const loopResets = 4;
/** A chip that says nothing for so long after it said that it waits for a download, waits. */
const downloadQuietMs = 1500;

/** Watches a board start; made before its reset, so that nothing is missed. */
export class BootWatch {
  readonly #reader: LinkReader;
  readonly #clock: Clock;

  constructor(link: SerialLink, clock: Clock) {
    this.#reader = new LinkReader(link, clock);
    this.#clock = clock;
  }

  /** Stops watching. */
  release(): void {
    this.#reader.release();
  }

  /** Waits until it is clear what the board does; `timeoutMs` must do for formatting a file system. */
  async outcome({
    timeoutMs,
    signal,
  }: {
    readonly timeoutMs: number;
    readonly signal?: AbortSignal;
  }): Promise<BootOutcome> {
    const untilMs = this.#clock.now() + timeoutMs;
    try {
      for (;;) {
        const outcome = judge(this.#reader.history);
        const known = this.#reader.queue.length;
        if (outcome !== undefined) return outcome;
        const waits = waitsForDownload(this.#reader.history);
        const patienceMs = waits ? Math.min(untilMs, this.#clock.now() + downloadQuietMs) : untilMs;
        if (await this.#reader.more(known, { untilMs: patienceMs, signal })) continue;
        return waits ? { kind: "download", text: printable(this.#reader.history, 300) } : unclear(this.#reader.history);
      }
    } finally {
      this.release();
    }
  }
}

function judge(history: Uint8Array): BootOutcome | undefined {
  const text = formatLatin1(history);
  const banner = /MicroPython v[^\r\n]*(?=[\r\n])/.exec(text);
  if (banner !== null) return { kind: "micropython", text: banner[0] };
  const said = printable(history, 300);
  if (count(text, /invalid header: 0x/g) >= 3) return { kind: "blank", text: said };
  if (count(text, /No bootable app|partition table error|Failed to verify partition table|unsupported image/g) >= 2) {
    return { kind: "no-application", text: said };
  }
  if (count(text, /rst:0x/g) >= loopResets) return { kind: "loop", text: said };
  return undefined;
}

/** Whether that is what the last start led to. */
function waitsForDownload(history: Uint8Array): boolean {
  const text = formatLatin1(history);
  return text.slice(Math.max(0, text.lastIndexOf("rst:0x"))).includes("waiting for download");
}

function unclear(history: Uint8Array): BootOutcome {
  return history.length === 0 ? { kind: "silent", text: "" } : { kind: "other", text: printable(history, 300) };
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}
