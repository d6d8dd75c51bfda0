import type { Clock, PortInfo, SerialLink, SimControl } from "@espx/proto";
import type { BrokerLink, BrokerOptions } from "./ports/mqtt.ts";
import type { DownloadOptions } from "./ports/https-download.ts";
import type { Output } from "./output/output.ts";
import type { TestBench } from "./scenario/bench.ts";
import type { Redactor } from "./output/redactor.ts";

/** Environment variables as they came. */
export type Env = Readonly<Record<string, string | undefined>>;

/** The flags that every verb has, or that mean the same in all that have them. */
export interface GlobalFlags {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly yes: boolean;
  readonly dryRun: boolean;
  /** A port that is not there is waited for. */
  readonly waitPort: boolean;
  readonly timeoutMs: number | undefined;
}

/** The outside world as jobs see it; tests hand in their own. */
export interface Outside {
  /** With `scheme` only those that it reaches: `file` for those of this machine, which loads nothing else. */
  listPorts(scheme?: "file"): Promise<readonly PortInfo[]>;
  openPort(url: string, options?: { readonly baudRate?: number; readonly signal?: AbortSignal }): Promise<SerialLink>;
  connectBroker(options: BrokerOptions): Promise<BrokerLink>;
  startBroker(options?: { readonly port?: number }): Promise<{ readonly url: string; close(): Promise<void> }>;
  download(url: string, options: DownloadOptions): Promise<Uint8Array>;
  simControl(): Promise<SimControl>;
  testBench(): Promise<TestBench>;
}

/** A person's keyboard. */
export interface Terminal {
  /** True when questions can be asked. */
  readonly interactive: boolean;
  /** Raw bytes of standard input, for `repl` and `-`. */
  readonly input: NodeJS.ReadStream;
  /** Asks on stderr; answers what was typed, rejects when the signal aborts. */
  ask(question: string, signal: AbortSignal): Promise<string>;
}

/** Everything that a verb may touch. */
export interface Context {
  readonly verb: string;
  readonly out: Output;
  readonly clock: Clock;
  /** Aborts with the reason: Ctrl-C, SIGTERM, or the end of `--timeout`. */
  readonly signal: AbortSignal;
  readonly env: Env;
  readonly cwd: string;
  readonly flags: GlobalFlags;
  readonly redactor: Redactor;
  readonly terminal: Terminal;
  readonly outside: Outside;
}
