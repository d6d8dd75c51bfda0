/** A MicroPython version: major, minor, patch. */
export type Version = readonly [number, number, number];

/** Conditions that a version must all meet. */
export type VersionRange = readonly { readonly operator: "<" | "<=" | ">" | ">=" | "="; readonly version: Version }[];

/**
 * Reads a range such as `>=1.24 <2`; terms are separated by spaces or commas, a bare version means just that one.
 *
 * @returns null when `text` is not a range
 */
export function parseVersionRange(text: string): VersionRange | null {
  const terms = text.split(/[\s,]+/).filter((term) => term !== "");
  const range: { operator: VersionRange[number]["operator"]; version: Version }[] = [];
  for (const term of terms) {
    const match = /^(<=|>=|<|>|=|)v?(\d{1,4})(?:\.(\d{1,4}))?(?:\.(\d{1,4}))?$/.exec(term);
    if (match === null) return null;
    const [, operator, major, minor = "0", patch = "0"] = match;
    const version: Version = [Number(major), Number(minor), Number(patch)];
    range.push({ operator: (operator === "" ? "=" : operator) as VersionRange[number]["operator"], version });
  }
  return range.length === 0 ? null : range;
}

/** Writes a range the way {@link parseVersionRange} reads it. */
export function formatVersionRange(range: VersionRange): string {
  return range.map(({ operator, version }) => `${operator}${version.join(".")}`).join(" ");
}

export function isInRange(version: Version, range: VersionRange): boolean {
  return range.every((term) => meets(compareVersions(version, term.version), term.operator));
}

function compareVersions(left: Version, right: Version): number {
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
}

function meets(order: number, operator: VersionRange[number]["operator"]): boolean {
  switch (operator) {
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
    case "=":
      return order === 0;
  }
}
