/** What a caller may add to an error: what to do, what caused it, and facts for scripts. */
export interface EspxErrorOptions {
  /** One sentence that says what to do, with a command to type where there is one. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** Plain data for `--json`; never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
}

const brand: unique symbol = Symbol.for("espx.error") as never;

/**
 * Base of every error that espx throws on purpose.
 *
 * The class says whose move it is and fixes the exit code, `code` (`package/thing-failure`, permanent) says what
 * happened, `hint` says what to do. Compare codes with {@link isEspxError}, never message texts.
 */
export abstract class EspxError extends Error {
  readonly [brand] = true;
  /** Exit code of the process when this error ends it. */
  abstract readonly exitCode: number;
  readonly code: string;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, options: EspxErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }
}

/** A bug in espx itself: prints its stack and asks for a report. */
export class InternalError extends EspxError {
  readonly exitCode = 1;
}

/** The command line is wrong. */
export class UsageError extends EspxError {
  readonly exitCode = 2;
}

/** Where in a file an error stands; line and column count from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** A file that a person wrote is wrong; carries its place. */
export class ConfigError extends EspxError {
  readonly exitCode = 3;
  readonly position: SourcePosition;

  constructor(code: string, message: string, options: EspxErrorOptions & { readonly position: SourcePosition }) {
    super(code, message, { ...options, details: { ...options.details, ...options.position } });
    this.position = options.position;
  }
}

/** A port, device, profile or image was not found. */
export class NotFoundError extends EspxError {
  readonly exitCode = 4;
}

/** Something is in use; the message names the holder. Worth a retry. */
export class BusyError extends EspxError {
  readonly exitCode = 5;
}

/** A device, broker or host cannot be reached, was lost, or was silent too long. Worth a retry. */
export class LinkError extends EspxError {
  readonly exitCode = 6;
}

/** A hash, signature, size or version differs from what it must be. Never retried. */
export class VerifyError extends EspxError {
  readonly exitCode = 7;
}

/** What the device said when it refused or raised. */
export interface RemoteFailure {
  /** Exception class on the device, for example `OSError`. */
  readonly type: string;
  readonly message: string;
  readonly traceback: string;
}

/** Code on the device raised. */
export class DeviceError extends EspxError {
  readonly exitCode = 8;
  readonly remote: RemoteFailure | undefined;

  constructor(code: string, message: string, options: EspxErrorOptions & { readonly remote?: RemoteFailure } = {}) {
    super(code, message, options);
    this.remote = options.remote;
  }
}

/** Some of several devices failed; the summary says which. */
export class PartialError extends EspxError {
  readonly exitCode = 9;
}

/** Refused for safety: it would destroy, downgrade or not fit. */
export class RefusedError extends EspxError {
  readonly exitCode = 10;
}

/** Bytes break the specification. */
export class ProtocolError extends EspxError {
  readonly exitCode = 11;
}

/** The operating system or the broker does not permit it; the hint names the fix. */
export class PermissionError extends EspxError {
  readonly exitCode = 12;
}

/** Interrupted (130) or terminated (143) from outside. */
export class CanceledError extends EspxError {
  readonly exitCode: 130 | 143;

  constructor(code: string, message: string, options: EspxErrorOptions & { readonly exitCode?: 130 | 143 } = {}) {
    super(code, message, options);
    this.exitCode = options.exitCode ?? 130;
  }
}

/** True for an error of espx, and for that very `code` when one is given; works across copies of this package. */
export function isEspxError(error: unknown, code?: string): error is EspxError {
  if (!(error instanceof Error) || !(brand in error)) return false;
  return code === undefined || (error as EspxError).code === code;
}
