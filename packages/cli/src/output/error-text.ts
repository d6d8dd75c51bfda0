import { ConfigError, DeviceError, InternalError, isEspxError, type EspxError } from "@espx/proto";
import type { EventData } from "../events.ts";

const ISSUES = "the project's issue tracker";

/** Any thrown thing as an error of espx: what is not one already is a bug of ours. */
export function toEspxError(thrown: unknown): EspxError {
  if (isEspxError(thrown)) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new InternalError("cli/internal", `espx has a bug: ${message}`, {
    cause: thrown,
    hint: `report it with the lines above to ${ISSUES}`,
  });
}

/** The error as the `error` event carries it. */
export function errorData(error: EspxError): EventData<"error"> {
  return {
    class: error.name,
    message: error.message,
    causes: causesOf(error),
    hint: error.hint ?? null,
    exit: error.exitCode,
    details: error.details,
  };
}

/**
 * What, why, do this: the message, its causes, the place in a file with a caret, the device's traceback, the hint.
 *
 * @param excerpt - the source line and caret of a ConfigError, when it has one
 */
export function formatError(error: EspxError, verb: string): string {
  const lines = [`espx ${verb}: ${error.message.replaceAll("\n", "\n  ")}`.replace("espx : ", "espx: ")];
  if (error instanceof InternalError || error.name === "InternalError") lines.push(...stackOf(error));
  else lines.push(...causesOf(error).map((cause) => `  because ${cause}`));
  if (error instanceof ConfigError) lines.push(...placeOf(error));
  if (error instanceof DeviceError && error.remote !== undefined) lines.push(...indent(error.remote.traceback));
  if (error.hint !== undefined) lines.push(`  do this: ${error.hint}`);
  lines.push(`  (${error.code})`);
  return lines.join("\n");
}

function placeOf(error: ConfigError): string[] {
  const { file, line, column } = error.position;
  const place = [file, line, column].filter((part) => part !== undefined).join(":");
  const excerpt = error.details["excerpt"];
  return [`  at ${place}`, ...(typeof excerpt === "string" ? indent(excerpt) : [])];
}

/** What lies behind an error, as far as its message does not say so itself. */
function causesOf(error: Error): string[] {
  const causes: string[] = [];
  for (let cause = error.cause; cause instanceof Error && causes.length < 5; cause = cause.cause) {
    const text = cause.message.trim();
    if (![error.message, ...causes].some((said) => said.includes(text))) causes.push(text);
  }
  return causes;
}

function stackOf(error: Error): string[] {
  const stack = error.cause instanceof Error ? error.cause.stack : error.stack;
  return indent(stack ?? "");
}

const indent = (text: string): string[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => `  ${line}`);
