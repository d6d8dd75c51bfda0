import { type SimFault, UsageError } from "@espx/proto";

type FaultKind = SimFault["kind"];

/** Every fault of a virtual board with what it does and the field it takes. */
export const simFaults = {
  "access-point": { field: "up", takes: ["boolean"], meaning: "takes the access point down or brings it up" },
  "wifi-password": { field: "wrong", takes: ["boolean"], meaning: "has the access point refuse the board's password" },
  "link-loss": { field: "forMs", takes: ["milliseconds", "nothing"], meaning: "cuts Wi-Fi once, or for that long" },
  broker: {
    field: "behaviour",
    takes: ["normal", "refuse", "silent", "close"],
    meaning: "how the broker treats the board",
  },
  clock: { field: "jumpMs", takes: ["offset", "unset"], meaning: "moves the board's calendar, or unsets it" },
  dns: { field: "fails", takes: ["boolean"], meaning: "has name resolution fail" },
  "flash-full": { field: "freeBytes", takes: ["bytes", "null"], meaning: "leaves so many bytes free; off undoes it" },
  serial: {
    field: "behaviour",
    takes: ["normal", "silent", "garbage", "noise", "loss", "lost"],
    meaning: "what the serial line does: nothing, spoil all or a few bytes, lose a few, or come off",
  },
} as const satisfies Readonly<
  Record<FaultKind, { readonly field: string; readonly takes: readonly string[]; readonly meaning: string }>
>;

/**
 * The fault that `value`, plain data from another process, means.
 *
 * @throws UsageError `sim/bad-fault`, saying what that fault takes
 */
export function parseFault(value: unknown): SimFault {
  const input = (value ?? {}) as Readonly<Record<string, unknown>>;
  const kind = input["kind"];
  if (typeof kind !== "string" || !Object.hasOwn(simFaults, kind)) {
    throw badFault(
      `"${String(kind)}" is no fault of a virtual board, expected one of ${Object.keys(simFaults).join(", ")}`,
    );
  }
  const { field, takes } = simFaults[kind as FaultKind];
  const argument = input[field];
  if (!takes.some((type) => accepts(type, argument))) {
    throw badFault(`${kind} takes ${field}: ${takes.join(" | ")}, got ${JSON.stringify(argument) ?? "nothing"}`);
  }
  return (argument === undefined ? { kind } : { kind, [field]: argument }) as SimFault;
}

function accepts(type: string, argument: unknown): boolean {
  switch (type) {
    case "boolean":
      return typeof argument === "boolean";
    case "milliseconds":
    case "bytes":
      return typeof argument === "number" && Number.isInteger(argument) && argument >= 0;
    case "offset":
      return typeof argument === "number" && Number.isInteger(argument);
    case "nothing":
      return argument === undefined;
    case "null":
      return argument === null;
    default:
      return argument === type;
  }
}

function badFault(message: string): UsageError {
  return new UsageError("sim/bad-fault", message, { hint: "list the faults: espx sim fault --list" });
}
