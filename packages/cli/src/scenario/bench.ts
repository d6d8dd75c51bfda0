import type { SimBoard, SimBoardOptions, SimFault } from "@espx/proto";

/** A message that reached the broker of the virtual network. */
export interface BenchMessage {
  readonly topic: string;
  readonly text: string;
  readonly retained: boolean;
  /** The client that published it; undefined for this side and for wills. */
  readonly from: string | undefined;
  readonly atMs: number;
}

/** The network around one virtual board. */
export interface BenchNetwork {
  readonly ssid: string;
  readonly password: string;
  readonly brokerPort: number;
}

/** How one virtual board is set up. */
export interface BenchOptions {
  readonly mode: "virtual" | "real";
  /** Fixes all that is random in virtual time. */
  readonly seed: number;
  readonly board: SimBoardOptions;
  /** null: no access point is there. */
  readonly network: BenchNetwork | null;
}

/** One virtual board with an access point and a broker of its own. */
export interface BenchBoard extends AsyncDisposable {
  readonly board: SimBoard;
  now(): number;
  /** Virtual time: runs everything that is due within `ms`. */
  advance(ms: number): Promise<void>;
  /** Virtual time: everything that was published, in order. */
  readonly published: readonly BenchMessage[];
  /** Virtual time: identifiers of the clients that are connected. */
  readonly clients: readonly string[];
  publish(topic: string, payload: string, options: { readonly retain: boolean; readonly qos: 0 | 1 }): void;
  nvs(namespace: string, key: string): Uint8Array | number | undefined;
  /** While the board has no power. */
  setNvs(namespace: string, key: string, value: Uint8Array | number): void;
}

/** Where virtual boards for tests and measurements come from. */
export interface TestBench {
  /**
   * A fault from its words, as `espx sim fault` takes them.
   *
   * @throws UsageError `sim/bad-fault`
   */
  parseFault(words: readonly string[]): SimFault;
  open(options: BenchOptions): Promise<BenchBoard>;
}
