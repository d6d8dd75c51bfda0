import {
  BusyError,
  DeviceError,
  type EspxError,
  InternalError,
  isEspxError,
  LinkError,
  NotFoundError,
  PermissionError,
  ProtocolError,
  RefusedError,
  UsageError,
} from "@espx/proto";

/** An error as it travels between a simulator and its clients: plain JSON. */
export interface WireError {
  readonly class: string;
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

const classes = {
  BusyError,
  DeviceError,
  InternalError,
  LinkError,
  NotFoundError,
  PermissionError,
  ProtocolError,
  RefusedError,
  UsageError,
} as const;

/** What a client is told of `error`; what is not an error of espx becomes `InternalError` with its message. */
export function toWireError(error: unknown): WireError {
  if (!isEspxError(error)) {
    return {
      class: "InternalError",
      code: "sim/unexpected",
      message: error instanceof Error ? error.message : String(error),
    };
  }
  const known = Object.entries(classes).find(([, constructor]) => error instanceof constructor)?.[0];
  const { code, message, hint, details } = error;
  return { class: known ?? "InternalError", code, message, hint, details };
}

/** The error that a peer sent, as one to throw; a payload that is none becomes ProtocolError `sim/reply-malformed`. */
export function fromWireError(value: unknown): EspxError {
  const wire = (value ?? {}) as Partial<WireError>;
  if (typeof wire.code !== "string" || typeof wire.message !== "string") {
    return new ProtocolError("sim/reply-malformed", "simulator answered with something that is no error of espx");
  }
  const constructor = classes[wire.class as keyof typeof classes] as (typeof classes)["LinkError"] | undefined;
  const options = {
    ...(typeof wire.hint === "string" ? { hint: wire.hint } : {}),
    ...(typeof wire.details === "object" ? { details: wire.details } : {}),
  };
  return new (constructor ?? InternalError)(wire.code, wire.message, options);
}

/** The JSON value in `text`, or undefined when it is not JSON. */
export function parseJson(text: string | Uint8Array): unknown {
  try {
    return JSON.parse(typeof text === "string" ? text : new TextDecoder().decode(text)) as unknown;
  } catch {
    return undefined;
  }
}
