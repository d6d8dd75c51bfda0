import type { Clock, SerialLink } from "./link.ts";

/** Why a board started, as `machine.reset_cause()` tells it. */
export type ResetCause = "power-on" | "hard" | "watchdog" | "deep-sleep" | "soft";

/** One operation on flash, as the journal keeps it. Paths are absolute on the board. */
export type FlashOperation =
  | { readonly kind: "create" | "remove" | "mkdir" | "rmdir"; readonly path: string }
  | { readonly kind: "write"; readonly path: string; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly path: string; readonly sizeBytes: number }
  | { readonly kind: "sync" | "close"; readonly path: string }
  | { readonly kind: "rename"; readonly path: string; readonly to: string }
  | {
      readonly kind: "nvs";
      readonly namespace: string;
      readonly key: string;
      readonly value: Uint8Array | number | null;
    };

/** What a board reports about itself; `atMs` is the board's clock since power-on of the world. */
export type SimEvent = { readonly atMs: number } & (
  | { readonly kind: "boot"; readonly cause: ResetCause }
  | {
      readonly kind: "off";
      readonly why: "power" | "cut" | "brown-out" | "deep-sleep" | "reset" | "watchdog" | "crash";
    }
  | { readonly kind: "pin"; readonly pin: number; readonly value: 0 | 1 }
  | { readonly kind: "flash"; readonly operation: FlashOperation; readonly index: number }
  | { readonly kind: "net"; readonly state: "up" | "down"; readonly address?: string }
  | { readonly kind: "console"; readonly bytes: Uint8Array }
);

/** The flash of a board as the host sees it; what it holds survives every reset. */
export interface SimFlash {
  /** File paths with their durable content. */
  files(): ReadonlyMap<string, Uint8Array>;
  read(path: string): Uint8Array | undefined;
  /** Puts a file there, with its folders, while the board is off or running. */
  write(path: string, content: Uint8Array | string): void;
  remove(path: string): void;
  /** Every operation since the journal was last cleared. */
  readonly journal: readonly FlashOperation[];
  clearJournal(): void;
}

/** Faults that a board can be given; `espx sim fault --list` names them. */
export type SimFault =
  | { readonly kind: "access-point"; readonly up: boolean }
  | { readonly kind: "wifi-password"; readonly wrong: boolean }
  /** Nobody gives the board an address. */
  | { readonly kind: "dhcp"; readonly fails: boolean }
  | { readonly kind: "link-loss"; readonly forMs?: number }
  /** Every packet takes so much longer, each way. */
  | { readonly kind: "delay"; readonly ms: number }
  /** So many of a hundred packets are lost, each way: connections repeat them, datagrams are gone. */
  | { readonly kind: "packet-loss"; readonly percent: number }
  /** The link is up, but packets do not get there: connections wait for the way back, datagrams are gone. */
  | { readonly kind: "partition"; readonly from: "nothing" | "broker" | "everything" }
  | { readonly kind: "broker"; readonly behaviour: "normal" | "refuse" | "silent" | "close" }
  | { readonly kind: "dns"; readonly fails: boolean }
  /** Moves the calendar, or takes it back to the year 2000, where it starts without a battery. */
  | { readonly kind: "clock"; readonly jumpMs: number | "unset" }
  | { readonly kind: "flash-full"; readonly freeBytes: number | null }
  /** Whatever changes the flash raises EIO; reading works. */
  | { readonly kind: "flash-failing"; readonly fails: boolean }
  /** The power goes at the `operation`-th flash operation from now, 1 is the next; null calls that off. */
  | { readonly kind: "power-cut"; readonly operation: number | null }
  /** The supply dips below what the chip bears: its detector resets it. */
  | { readonly kind: "brown-out" }
  /** Takes memory from programs until so much is free; null gives it back. Holds over resets. */
  | { readonly kind: "memory"; readonly freeBytes: number | null }
  /** The program stands still, for good or for so long: only a reset, or the watchdog's, helps. */
  | { readonly kind: "hang"; readonly forMs?: number }
  | { readonly kind: "serial"; readonly behaviour: "normal" | "silent" | "garbage" | "noise" | "loss" | "lost" };

/** How the console of a board is reached. */
export interface SimSerialOptions {
  /** `uart`, behind a bridge, when left out; `usb` is the chip's own. Each takes one client, and both may be open at once. */
  readonly port?: "uart" | "usb";
  /**
   * Bits a second at which the line passes bytes, ten of them a byte; `setBaud` changes it. Left out, the UART passes them as fast as
   * the board reads. Without meaning for `usb`.
   */
  readonly baudRate?: number;
  /** Bits a second beyond which the line does not go, whatever both ends are set to. */
  readonly maxBaudRate?: number;
  /** A terminal without a speed: both ends always agree on the rate. */
  readonly rateless?: boolean;
}

/** One virtual board: a chip with power, flash, pins and a serial console. */
export interface SimBoard {
  readonly name: string;
  /** Six bytes, as eFuse holds them. */
  readonly mac: Uint8Array;
  readonly flash: SimFlash;
  readonly running: boolean;
  powerOn(): Promise<void>;
  powerOff(): Promise<void>;
  /** As the EN button does. */
  reset(): Promise<void>;
  /**
   * Arms a power cut at the `operation`-th flash operation from now (1 is the next); with `tornBytes` that
   * operation leaves a prefix, without it nothing. Resolves when the power went.
   */
  cutAt(operation: number, tornBytes?: number): Promise<void>;
  /** A second client on the same way in gets BusyError `port/busy`. */
  openSerial(options?: SimSerialOptions): SerialLink;
  setPin(pin: number, value: 0 | 1): void;
  pin(pin: number): 0 | 1;
  fault(fault: SimFault): void;
  onEvent(listener: (event: SimEvent) => void): () => void;
}

/** What is needed to make a board. */
export interface SimBoardOptions {
  readonly name: string;
  readonly mac?: Uint8Array;
  /** Files on its flash at first power-on. */
  readonly files?: Readonly<Record<string, Uint8Array | string>>;
  readonly heapBytes?: number;
  readonly flashBytes?: number;
  /** `littlefs` keeps a file as it was until close or sync; `fat` does not, and its rename is not atomic. */
  readonly fileSystem?: "littlefs" | "fat";
  /** File of this machine where the flash is kept between runs; what it holds goes before `files`. Undefined keeps nothing. */
  readonly stateFile?: string;
  /** `esp32` (default), `esp32s3` or `esp32c3`. */
  readonly chip?: string;
  /** The chip comes erased; without it, it comes flashed and runs MicroPython. */
  readonly blank?: boolean;
}

/** A world of boards on one clock. In virtual mode nothing happens until `advance`. */
export interface SimWorld {
  readonly mode: "real" | "virtual";
  readonly clock: Clock;
  boards(): readonly SimBoard[];
  addBoard(options: SimBoardOptions): Promise<SimBoard>;
  /** Virtual mode: runs everything that is due within `ms` and stops the clock there. */
  advance(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** One running simulator as another process sees it. */
export interface SimInfo {
  readonly name: string;
  readonly pid: number;
  /** Every address at which the board is reached, `sim:NAME` first. */
  readonly urls: readonly string[];
  readonly brokerUrl: string;
}

/** Starts simulators, and acts on running ones from another process. */
export interface SimControl {
  list(): Promise<readonly SimInfo[]>;
  start(options: SimStartOptions): Promise<SimSession>;
  pin(name: string, pin: number, value?: 0 | 1): Promise<0 | 1>;
  fault(name: string, fault: SimFault): Promise<void>;
  power(name: string, action: "on" | "off" | "cycle"): Promise<void>;
}

export interface SimStartOptions {
  readonly names: readonly string[];
  /** Forget what the boards' flash held. */
  readonly fresh: boolean;
  /** Where flash is kept between runs; undefined keeps it in memory only. */
  readonly stateFolder: string | undefined;
  /** Port of the broker that boards and tools share; it is started by the caller. */
  readonly brokerUrl: string;
  /** Bits a second that no port passes bytes faster than; undefined: as fast as the board reads. */
  readonly baudRate?: number;
  /** Whether each board gets a pseudo-terminal, whose path is then among its urls. */
  readonly pty?: boolean;
  /** Chip of boards that have none yet; see `SimBoardOptions`. */
  readonly chip?: string;
  /** New boards come erased. */
  readonly blank?: boolean;
  /** Lines of a board's console, for `--verbose`. */
  readonly onConsole?: (name: string, bytes: Uint8Array) => void;
}

/** Simulators that live as long as this process. */
export interface SimSession {
  readonly boards: readonly SimInfo[];
  readonly world: SimWorld;
  close(): Promise<void>;
}
