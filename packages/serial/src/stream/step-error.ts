import { DeviceError, VerifyError } from "@espx/proto";
import type { EspxError } from "@espx/proto";
import { INCOMING_PATH } from "../device-scripts.ts";
import { pythonString } from "../python-literal.ts";
import type { RawRepl } from "../raw-repl.ts";
import { timedOut } from "../wire.ts";
import { noisyLine } from "./frame-sender.ts";
import type { StreamStep } from "./step-records.ts";

interface Failure {
  /** The step that was under way, undefined when there was none. */
  readonly step: StreamStep | undefined;
  readonly troubles: number;
}

/** Says of a step what the receiver's exception means, and gives the room back where that was what lacked. */
export async function stepError(repl: RawRepl, thrown: DeviceError, { step, troubles }: Failure): Promise<EspxError> {
  if (thrown.code === "device/full") return fullError(repl, thrown, step);
  const { remote } = thrown;
  if (remote?.type === "OSError" && /\b116\b/.test(remote.message)) return noisyLine(troubles);
  const differs = remote?.type === "ValueError" ? /^espx: (\d+ \w*)$/.exec(remote.message)?.[1] : undefined;
  if (differs !== undefined && step !== undefined) return differsError(step, differs);
  // Interrupted by what should have been data: the board had waited for so long that it listened to Ctrl-C again.
  if (remote?.type === "KeyboardInterrupt") return timedOut();
  // What a line makes of an exception is none that the scripts raise.
  return troubles > 0 && remote?.type !== "OSError" ? noisyLine(troubles, thrown) : thrown;
}

/** Whether the board lacked memory, which a soft reset may mend. */
export function isMemoryError({ remote }: DeviceError): boolean {
  return remote?.type === "MemoryError";
}

function differsError(step: StreamStep, got: string): VerifyError {
  const path = "path" in step ? step.path : "the slot record";
  const expected = step.kind === "put" ? `${step.sizeBytes} ${step.sha256}` : "what was written";
  return new VerifyError(
    "serial/readback-differs",
    `${path} reads back as ${got} (bytes, SHA-256), expected ${expected}`,
    { hint: "nothing was switched; is the flash worn?", details: { path, expected, got } },
  );
}

async function fullError(repl: RawRepl, cause: DeviceError, step: StreamStep | undefined): Promise<DeviceError> {
  await repl.exec(`_xd(${pythonString(INCOMING_PATH)})`).catch(() => {});
  if (step?.kind !== "put") return cause;
  const { path, sizeBytes } = step;
  const hasBytes = Number((await repl.exec("print(_xv())")).trim());
  const message = `no room for ${path}: needs ${sizeBytes} bytes, the board has ${hasBytes} free`;
  return new DeviceError("device/full", message, {
    hint: "remove files from the board that no release needs; what runs on it is as it was",
    details: { path, needsBytes: sizeBytes, hasBytes },
    cause,
  });
}
