import { type SimFault, UsageError } from "@espx/proto";

type FaultKind = SimFault["kind"];

/** What is known of a fault. */
export interface FaultRow {
  /** The field of {@link SimFault} that its value goes to; none when it takes no value. */
  readonly field?: string;
  readonly takes: readonly string[];
  /** One line on what it does. */
  readonly meaning: string;
  /** Words after `espx sim fault NAME` that give it. */
  readonly example: string;
}

/** More would let connections wait for hours. */
const mostLossPercent = 90;

/** Every fault of a virtual board with what it does and the field it takes. */
export const simFaults = {
  "access-point": {
    field: "up",
    takes: ["boolean"],
    meaning: "takes the access point down or brings it up",
    example: "access-point down",
  },
  "wifi-password": {
    field: "wrong",
    takes: ["boolean"],
    meaning: "has the access point refuse the board's password",
    example: "wifi-password on",
  },
  dhcp: {
    field: "fails",
    takes: ["boolean"],
    meaning: "gives the board no address, though it is on the access point",
    example: "dhcp on",
  },
  "link-loss": {
    field: "forMs",
    takes: ["milliseconds", "unvalued"],
    meaning: "cuts Wi-Fi once, or for that long",
    example: "link-loss 5s",
  },
  delay: {
    field: "ms",
    takes: ["milliseconds"],
    meaning: "lets each packet take so much longer, each way; 0 undoes it",
    example: "delay 300ms",
  },
  "packet-loss": {
    field: "percent",
    takes: ["percent"],
    meaning: "loses so many of a hundred packets, each way; 0 undoes it",
    example: "packet-loss 20",
  },
  partition: {
    field: "from",
    takes: ["nothing", "broker", "everything"],
    meaning: "lets no packet through to the broker, or to anybody, while Wi-Fi stays up",
    example: "partition broker",
  },
  broker: {
    field: "behaviour",
    takes: ["normal", "refuse", "silent", "close"],
    meaning: "how the broker treats the board",
    example: "broker silent",
  },
  dns: { field: "fails", takes: ["boolean"], meaning: "has name resolution fail", example: "dns on" },
  clock: {
    field: "jumpMs",
    takes: ["offset", "unset"],
    meaning: "moves the board's calendar by a time, or takes it back to 2000",
    example: "clock back 3600s",
  },
  "flash-full": {
    field: "freeBytes",
    takes: ["bytes", "null"],
    meaning: "leaves so many bytes of flash free; off undoes it",
    example: "flash-full 4096",
  },
  "flash-failing": {
    field: "fails",
    takes: ["boolean"],
    meaning: "has every change of the flash end with EIO",
    example: "flash-failing on",
  },
  memory: {
    field: "freeBytes",
    takes: ["bytes", "null"],
    meaning: "leaves programs so many bytes of memory; off undoes it",
    example: "memory 10000",
  },
  hang: {
    field: "forMs",
    takes: ["milliseconds", "unvalued"],
    meaning: "has the program stand still, for good or for that long",
    example: "hang 20s",
  },
  "brown-out": { takes: ["unvalued"], meaning: "lets the supply dip, which resets the chip", example: "brown-out" },
  "power-cut": {
    field: "operation",
    takes: ["count", "null"],
    meaning: "takes the power at that flash operation from now; off calls it off",
    example: "power-cut 3",
  },
  serial: {
    field: "behaviour",
    takes: ["normal", "silent", "garbage", "noise", "loss", "lost"],
    meaning: "what the serial line does: nothing, spoil all or a few bytes, lose a few, or come off",
    example: "serial noise",
  },
} as const satisfies Readonly<Record<FaultKind, FaultRow>>;

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
  const { field = "value", takes, example }: FaultRow = simFaults[kind as FaultKind];
  const argument = input[field];
  if (!takes.some((type) => accepts(type, argument))) {
    const expected = takes.map((type) => (type === "unvalued" ? "no value" : type)).join(" | ");
    const got = argument === undefined ? "nothing" : JSON.stringify(argument);
    throw badFault(`${kind} takes ${field}: ${expected}, got ${got}`, `for example: espx sim fault NAME ${example}`);
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
    case "percent":
      return typeof argument === "number" && argument >= 0 && argument <= mostLossPercent;
    case "count":
      return typeof argument === "number" && Number.isInteger(argument) && argument >= 1;
    case "offset":
      return typeof argument === "number" && Number.isInteger(argument);
    case "unvalued":
      return argument === undefined;
    case "null":
      return argument === null;
    default:
      return argument === type;
  }
}

function badFault(message: string, way = "list the faults: espx sim fault --list"): UsageError {
  return new UsageError("sim/bad-fault", message, { hint: way });
}
