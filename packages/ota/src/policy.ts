import type { VersionRange } from "./version-range.ts";

/** What the person who deploys allows and wants. */
export interface Policy {
  /** Whether a program that espx did not put there may be moved to `/old/`. */
  readonly replaceForeign: boolean;
  /** `trial` proves itself or falls back; `dev` is placed by hand and stays. */
  readonly state: "trial" | "dev";
  /** With `dev`: a set that is marked so already is changed where it lies, and a power cut may leave it half changed. */
  readonly inPlace?: boolean;
  /** What the manifest demands of the board. */
  readonly requires?: Requirements;
}

export interface Requirements {
  /** Values of `sys.platform` that will do; absent means any. */
  readonly chips?: readonly string[];
  /** Variant of the MicroPython build, such as `SPIRAM`; absent or empty means any. */
  readonly variant?: string;
  /** MicroPython versions that will do; absent means {@link supportedVersions}. */
  readonly versions?: VersionRange;
}

/** The versions espx itself works with. */
export const supportedVersions: VersionRange = [{ operator: ">=", version: [1, 24, 0] }];
