/** Codes that this package throws, each with what it means. Permanent: a code is never given a second meaning. */
export const serialCodes = {
  "serial/no-reply": { class: "LinkError", meaning: "a board sends nothing, whatever it is sent" },
  "serial/not-micropython": { class: "LinkError", meaning: "what answers does not speak MicroPython's raw REPL" },
  "serial/timeout": { class: "LinkError", meaning: "a board did not finish in time what it was asked to run" },
  "serial/rebooted": { class: "LinkError", meaning: "a board started anew while it was being worked on" },
  "serial/canceled": { class: "CanceledError", meaning: "work on a board was called off" },
  "serial/bad-framing": { class: "ProtocolError", meaning: "a board breaks the framing of the raw REPL" },
  "serial/bad-inventory": { class: "ProtocolError", meaning: "a board's list of itself and its files cannot be read" },
  "serial/control-character": {
    class: "UsageError",
    meaning: "code to be run holds a character that steers the raw REPL",
  },
  "serial/readback-differs": { class: "VerifyError", meaning: "a file on the board is not what was written" },
  "device/exception": { class: "DeviceError", meaning: "code on a device raised" },
  "device/full": { class: "DeviceError", meaning: "a device's file system has no room left" },
  "deploy/fell-back": {
    class: "DeviceError",
    meaning: "a new set failed its trial and the board went back to the old one",
  },
  "deploy/nothing-runs": { class: "DeviceError", meaning: "a new set has ended and the board is at its prompt" },
  "deploy/not-confirmed": { class: "LinkError", meaning: "a new set did not prove itself in time" },
} as const satisfies Readonly<Record<string, { readonly class: string; readonly meaning: string }>>;
