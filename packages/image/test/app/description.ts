import type { AppDescription } from "@espx/image";

/** A description with every field set. */
export const description: AppDescription = {
  secureVersion: 7,
  version: "v1.29.0-42",
  projectName: "micropython",
  time: "12:34:56",
  date: "Nov 12 2026",
  idfVersion: "v5.5.2",
  elfSha256: "0123456789abcdef".repeat(4),
  minEfuseBlockRevision: 100,
  maxEfuseBlockRevision: 199,
  mmuPageSizeLog2: 16,
};
