import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const espx = fileURLToPath(new URL("../../packages/cli/dist/espx.js", import.meta.url));
/** Leaves the console when a command opens one. */
const LEAVE_CONSOLE = "\x1d";
const COMMAND_LIMIT_MS = 120_000;

/** What a command left behind. */
export interface Outcome {
  readonly exitCode: number | null;
  readonly output: string;
}

/** The broker's address that the pages name. */
const PAGE_BROKER = "127.0.0.1:1883";

/**
 * Somebody who follows a page by the letter, in a folder and with a home of their own. Only the broker's port is
 * another one than the pages name, since that one may be taken on this machine.
 */
export class Reader {
  readonly #folder = mkdtempSync(join(tmpdir(), "espx-docs-"));
  readonly #env: NodeJS.ProcessEnv;
  readonly #background: ChildProcess[] = [];

  readonly #brokerPort: number;

  static async open(): Promise<Reader> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    return new Reader(port);
  }

  private constructor(brokerPort: number) {
    this.#brokerPort = brokerPort;
    const bin = join(this.#folder, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "espx"), `#!/bin/sh\nexec "${process.execPath}" "${espx}" "$@"\n`);
    chmodSync(join(bin, "espx"), 0o755);
    const home = {
      HOME: this.#folder,
      ESPX_RUNTIME_DIR: join(this.#folder, "run"),
      XDG_STATE_HOME: join(this.#folder, "state"),
    };
    this.#env = { ...process.env, ...home, PATH: `${bin}${delimiter}${process.env["PATH"] ?? ""}` };
    // As after `npm install espx`.
    const modules = join(this.#folder, "work", "node_modules");
    mkdirSync(modules, { recursive: true });
    symlinkSync(fileURLToPath(new URL("../../packages/cli", import.meta.url)), join(modules, "espx"), "junction");
  }

  writeFile(path: string, content: string): void {
    const target = join(this.#folder, "work", path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content.replaceAll(PAGE_BROKER, `127.0.0.1:${this.#brokerPort}`));
  }

  /** Runs a line in a shell to its end; one that never ends is interrupted when its output holds `sign`. */
  run(line: string, sign?: string): Promise<Outcome> {
    const child = this.#spawn(sign === undefined ? line : `exec ${line}`);
    // A program that reads nothing may be gone before it is told to leave.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(LEAVE_CONSOLE);
    if (sign !== undefined) interruptAt(child, sign);
    const limit = setTimeout(() => child.kill(), COMMAND_LIMIT_MS);
    return collect(child).finally(() => clearTimeout(limit));
  }

  /** Starts a simulator that runs until it is stopped; resolves when its output holds `sign`. */
  async start(line: string, sign: string): Promise<void> {
    const child = this.#spawn(`exec ${line} --broker-port ${this.#brokerPort}`);
    this.#background.push(child);
    let output = "";
    await new Promise<void>((resolve, reject) => {
      const take = (chunk: Buffer): void => {
        output += chunk.toString();
        if (output.includes(sign)) resolve();
      };
      child.stdout?.on("data", take);
      child.stderr?.on("data", take);
      child.on("exit", (code) => reject(new Error(`${line} ended with ${code}: ${output}`)));
    });
  }

  async close(): Promise<void> {
    for (const child of this.#background) {
      const gone = new Promise((resolve) => child.on("exit", resolve));
      child.kill("SIGINT");
      await gone;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #spawn(line: string): ChildProcess {
    return spawn("sh", ["-c", line], { cwd: join(this.#folder, "work"), env: this.#env, stdio: "pipe" });
  }
}

function interruptAt(child: ChildProcess, sign: string): void {
  let output = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    const had = output.includes(sign);
    output += chunk.toString();
    if (!had && output.includes(sign)) child.kill("SIGINT");
  });
}

function collect(child: ChildProcess): Promise<Outcome> {
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode) => resolve({ exitCode, output }));
  });
}
