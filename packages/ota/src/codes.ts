/** Codes that this package uses, each with what it means. Permanent: a code is never given a second meaning. */
export const otaCodes = {
  "ota/bad-path": {
    class: "UsageError",
    meaning: "a file of a release has a path that no board could hold, or has it twice",
  },
  "deploy/foreign-program": {
    class: "RefusedError",
    meaning: "the board runs a program that espx did not put there, and nobody agreed to replace it",
  },
  "deploy/slots-in-use": {
    class: "RefusedError",
    meaning: "files shall go where the launcher of a board with slots stands, and nobody agreed to give the slots up",
  },
  "deploy/in-the-way": {
    class: "RefusedError",
    meaning: "the board has a file where a folder goes, or a folder where a file goes",
  },
  "deploy/wrong-chip": { class: "RefusedError", meaning: "the release is for another chip" },
  "deploy/wrong-version": { class: "RefusedError", meaning: "the release needs another MicroPython version" },
  "deploy/wrong-variant": {
    class: "RefusedError",
    meaning: "the release needs another variant of the MicroPython build",
  },
  "deploy/wrong-mpy": { class: "RefusedError", meaning: "compiled files do not fit the board's interpreter" },
  "deploy/no-space": { class: "RefusedError", meaning: "the release does not fit on the board beside what runs" },
} as const satisfies Readonly<Record<string, { readonly class: string; readonly meaning: string }>>;
