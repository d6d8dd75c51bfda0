import { isDeviceName, UsageError } from "@espx/proto";

/** Flags of every verb that reaches a board over a port. */
export const boardFlags = {
  port: {
    value: "url",
    short: "p",
    description: "where the board is: /dev/ttyUSB0, COM3, rfc2217://host:port, socket://host:port, sim:name",
  },
  device: { value: "name", short: "d", description: "a device of espx.yaml instead of a port" },
  filter: {
    value: "key=value",
    repeats: true,
    description: "the port with this vid=, pid=, serial= or name= (part of it), when none is named",
  },
  waitPort: { description: "wait for the port when it is not there yet; --timeout says how long" },
} as const;

/** Flags of every verb that reaches a broker. */
export const brokerFlags = {
  broker: {
    value: "url",
    description: "mqtt://host:port; else ESPX_BROKER, espx.yaml, or the broker of a running espx sim",
  },
} as const;

/**
 * A positional argument as a whole number.
 *
 * @throws UsageError `cli/argument-value`
 */
export function wholeNumber(text: string, name: string, range: { readonly min: number; readonly max: number }): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= range.min && value <= range.max) return value;
  throw new UsageError(
    "cli/argument-value",
    `${name} must be a whole number from ${range.min} to ${range.max}, got "${text}"`,
    {
      hint: `for example ${range.min}`,
    },
  );
}

/** The argument at `index`; the parser has seen to it that a required one is there. */
export const argument = (args: readonly string[], index: number): string => args[index] ?? "";

/**
 * The first argument as the name of a device in topics.
 *
 * @throws UsageError `cli/argument-value`
 */
export function deviceName(args: readonly string[]): string {
  const name = argument(args, 0);
  if (isDeviceName(name)) return name;
  throw new UsageError("cli/argument-value", `"${name}" cannot be the name of a device in topics`, {
    hint: "a name has up to 64 bytes and no / + #",
  });
}
