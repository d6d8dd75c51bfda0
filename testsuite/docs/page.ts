/** What a page of the documentation tells its reader to do, in order. */
export type PageStep =
  | { readonly kind: "file"; readonly path: string; readonly content: string }
  | { readonly kind: "command"; readonly line: string; readonly lineNumber: number };

/** Reads the steps of a page: fenced blocks with `file=PATH` are files, lines of `sh` blocks are commands. */
export function readPage(markdown: string): readonly PageStep[] {
  const steps: PageStep[] = [];
  const lines = markdown.split("\n");
  for (let index = 0; index < lines.length; index++) {
    const fence = /^```(\S+)(?: file=(\S+))?$/.exec(lines[index] ?? "");
    if (fence === null) continue;
    const end = lines.indexOf("```", index + 1);
    const body = lines.slice(index + 1, end);
    if (fence[2] !== undefined) steps.push({ kind: "file", path: fence[2], content: `${body.join("\n")}\n` });
    else if (fence[1] === "sh") steps.push(...commands(body, index + 2));
    index = end;
  }
  return steps;
}

function commands(lines: readonly string[], firstLine: number): PageStep[] {
  return lines.flatMap((text, offset): PageStep[] => {
    const line = text.replace(/\s+#.*$/, "").trim();
    return line === "" ? [] : [{ kind: "command", line, lineNumber: firstLine + offset }];
  });
}
