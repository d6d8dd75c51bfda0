import { formatHex } from "@espx/proto";
import type { Plan, Sha256 } from "@espx/proto";
import type { PartialFile } from "../inventory-lines.ts";

/** A file that an interrupted deploy has begun, with the bytes of it that the board has. */
export interface ResumePoint {
  readonly path: string;
  readonly fromByte: number;
}

/**
 * Where a plan can go on in the middle of a file: what lies on the board half done is the beginning of the first file that it puts there.
 *
 * Files that are whole are no matter here, a plan leaves them out.
 */
export async function findResumePoint(
  plan: Plan,
  partial: PartialFile | null,
  sha256: Sha256 | undefined,
): Promise<ResumePoint | null> {
  if (partial === null || partial.sizeBytes === 0 || sha256 === undefined) return null;
  const first = plan.steps.find((step) => step.kind === "put");
  if (first === undefined || first.source.kind !== "blob" || partial.sizeBytes > first.sizeBytes) return null;
  const digest = formatHex(await sha256(first.source.bytes.subarray(0, partial.sizeBytes)));
  return digest === partial.sha256 ? { path: first.path, fromByte: partial.sizeBytes } : null;
}
