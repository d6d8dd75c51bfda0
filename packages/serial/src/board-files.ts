import { DeviceError, encodeSlotRecord, formatHex, isEspxError, SLOT_RECORD_PATHS, VerifyError } from "@espx/proto";
import type { FileFact, Plan, Progress, Step } from "@espx/proto";
import { helperScript, INCOMING_PATH } from "./device-scripts.ts";
import { encodeBase64, pythonString } from "./python-literal.ts";
import type { ExecOptions, RawRepl } from "./raw-repl.ts";

/** A multiple of 3, so that base64 needs no padding inside a file; its text fits any heap that runs a framework. */
const CHUNK_BYTES = 1536;
/** Reading a file back and copying one take time on real flash. */
const FILE_TIMEOUT_MS = 120_000;

export interface FileOptions {
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

type Put = Extract<Step, { kind: "put" }>;

/** Changes files of a board in the raw REPL; every file is read back before it gets its name. */
export class BoardFiles {
  readonly #repl: RawRepl;

  constructor(repl: RawRepl) {
    this.#repl = repl;
  }

  /** Sends the functions that the other methods call; needed once after each entry into the raw REPL. */
  async install(signal?: AbortSignal): Promise<void> {
    await this.#repl.exec(helperScript, { signal });
  }

  /**
   * Refuses a plan that does not fit beside the files that are known to be there.
   *
   * @throws DeviceError `device/full` with the bytes that the plan needs at least and the bytes that are free
   */
  async checkRoom(plan: Plan, known: readonly FileFact[], signal?: AbortSignal): Promise<void> {
    const hasBytes = await this.#freeBytes(signal);
    const needsBytes = peakBytes(plan, known);
    if (needsBytes <= hasBytes) return;
    throw new DeviceError("device/full", `needs ${needsBytes} bytes free, the board has ${hasBytes}`, {
      hint: "remove files from the board that no release needs, or make the release smaller",
      details: { needsBytes, hasBytes },
    });
  }

  /**
   * Writes under a temporary name, reads back, renames.
   *
   * @throws VerifyError `serial/readback-differs`; DeviceError `device/full`, `device/exception`
   */
  async put(step: Put, options: FileOptions = {}): Promise<void> {
    try {
      await this.#fill(step, options);
    } catch (error) {
      if (isEspxError(error, "device/full")) throw await this.#full(step, error);
      throw error;
    }
    await this.#verify(step, options);
    const [from, to] = [pythonString(INCOMING_PATH), pythonString(step.path)];
    await this.#repl.exec(`_xp(${to})\nos.rename(${from},${to})\ngetattr(os,'sync',int)()`, { signal: options.signal });
  }

  /** A file that is not there is as good as removed; folders that are empty then go, too. */
  async remove(path: string, { signal }: FileOptions = {}): Promise<void> {
    await this.#repl.exec(`_xd(${pythonString(path)})`, { signal });
  }

  /**
   * Writes a slot record straight to its file: a torn one is told by its checksum, and the other file still holds.
   *
   * @throws VerifyError `serial/readback-differs`
   */
  async commit({ record, recordFile }: Extract<Step, { kind: "commit" }>, { signal }: FileOptions = {}): Promise<void> {
    const path = SLOT_RECORD_PATHS[recordFile];
    const [name, hex] = [pythonString(path), formatHex(encodeSlotRecord(record))];
    const code = `_xp(${name})\n_xo(${name})\n_xf.write(binascii.unhexlify(b'${hex}'))\n_xs()
with open(${name},'rb') as f:print(binascii.hexlify(f.read(200)).decode())`;
    const got = (await this.#repl.exec(code, { signal })).trim();
    if (got !== hex) throw new VerifyError("serial/readback-differs", `${path} reads back as ${got}, expected ${hex}`);
  }

  async #fill({ path, sizeBytes, source }: Put, { progress, signal }: FileOptions): Promise<void> {
    const incoming = pythonString(INCOMING_PATH);
    if (source.kind === "copy") {
      const options: ExecOptions = { timeoutMs: FILE_TIMEOUT_MS, signal };
      await this.#repl.exec(`_xy(${pythonString(source.from)},${incoming})`, options);
      progress?.(sizeBytes, sizeBytes, path);
      return;
    }
    await this.#repl.exec(`_xo(${incoming})`, { signal });
    for (let sent = 0; sent < source.bytes.length; sent += CHUNK_BYTES) {
      const chunk = source.bytes.subarray(sent, sent + CHUNK_BYTES);
      await this.#repl.exec(`_xw(b'${encodeBase64(chunk)}')`, { signal });
      progress?.(sent + chunk.length, sizeBytes, path);
    }
    await this.#repl.exec("_xs()", { signal });
  }

  async #verify({ path, sizeBytes, sha256 }: Put, { signal }: FileOptions): Promise<void> {
    const code = `print('%d %s'%_xh(${pythonString(INCOMING_PATH)}))`;
    const got = (await this.#repl.exec(code, { timeoutMs: FILE_TIMEOUT_MS, signal })).trim();
    const expected = `${sizeBytes} ${sha256}`;
    if (got === expected) return;
    await this.#repl.exec(`_xd(${pythonString(INCOMING_PATH)})`, { signal });
    throw new VerifyError(
      "serial/readback-differs",
      `${path} reads back as ${got} (bytes, SHA-256), expected ${expected}`,
      {
        hint: "nothing was switched; is the flash worn, or the cable bad?",
        details: { path, expected, got },
      },
    );
  }

  /** Gives the room of the unfinished file back and says how much there was. */
  async #full({ path, sizeBytes }: Put, cause: Error): Promise<DeviceError> {
    await this.#repl.exec(`getattr(_xf,'close',int)()\n_xd(${pythonString(INCOMING_PATH)})`).catch(() => {});
    const hasBytes = await this.#freeBytes();
    const message = `no room for ${path}: needs ${sizeBytes} bytes, the board has ${hasBytes} free`;
    return new DeviceError("device/full", message, {
      hint: "remove files from the board that no release needs; what runs on it is as it was",
      details: { path, needsBytes: sizeBytes, hasBytes },
      cause,
    });
  }

  async #freeBytes(signal?: AbortSignal): Promise<number> {
    return Number((await this.#repl.exec("print(_xv())", { signal })).trim());
  }
}

/**
 * Bytes of content at the fullest moment beyond what lies there before; a lower bound, since blocks are not counted.
 *
 * A file is written beside the one that it replaces, so both are there for a moment.
 */
function peakBytes({ steps }: Plan, known: readonly FileFact[]): number {
  const sizes = new Map(known.map((file) => [file.path, file.sizeBytes]));
  let used = 0;
  let peak = 0;
  for (const step of steps) {
    if (step.kind === "remove") used -= sizes.get(step.path) ?? 0;
    if (step.kind === "remove") sizes.delete(step.path);
    if (step.kind !== "put") continue;
    peak = Math.max(peak, used + step.sizeBytes);
    used += step.sizeBytes - (sizes.get(step.path) ?? 0);
    sizes.set(step.path, step.sizeBytes);
  }
  return peak;
}
