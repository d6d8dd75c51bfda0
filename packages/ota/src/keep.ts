/**
 * Whether `path` is one of the program's own files.
 *
 * Patterns: `*` and `?` stay within a name, `**` crosses folders; a pattern that names a folder keeps all below it.
 * Relative patterns are held against paths relative to the slot, absolute ones against absolute paths.
 */
export function isKept(path: string, keep: readonly string[]): boolean {
  return keep.some((pattern) => toExpression(pattern).test(path));
}

function toExpression(pattern: string): RegExp {
  const trimmed = pattern.replace(/^\.\//, "").replace(/\/+$/, "");
  const body = trimmed.replace(/\*\*\/?|\*|\?|[^*?]+/g, (part) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    if (part === "?") return "[^/]";
    return part.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^(?:${body})(?:/.*)?$`, "su");
}
