/** The text of a wasm module as a list of top-level forms, the functions among them by name. */
export interface WatModule {
  readonly forms: readonly string[];
  readonly functions: ReadonlyMap<string, string>;
  /** Function names by export name. */
  readonly exports: ReadonlyMap<string, string>;
  /** Signatures, `(param …) (result …)`, by type name. */
  readonly types: ReadonlyMap<string, string>;
}

/** Splits the text that binaryen prints for a module. */
export function parseWat(text: string): WatModule {
  const forms = splitForms(text);
  return {
    forms,
    functions: new Map(forms.flatMap((form) => pair(functionName(form), form))),
    exports: new Map(forms.flatMap((form) => matchPair(form, /^\(export "([^"]+)" \(func \$([^\s)]+)/))),
    types: new Map(forms.flatMap((form) => matchPair(form, /^\(type \$(\S+) \(func(.*)\)\)$/s))),
  };
}

/** The name of a function form, undefined for other forms. */
export function functionName(form: string): string | undefined {
  return /^\(func \$(\S+)/.exec(form)?.[1];
}

/** Names of the functions that a function form calls directly, in order. */
export function callsOf(form: string): readonly string[] {
  return [...form.matchAll(/\(call \$([^\s)]+)/g)].flatMap((match) => match[1] ?? []);
}

function pair<T>(key: string | undefined, value: T): [string, T][] {
  return key === undefined ? [] : [[key, value]];
}

function matchPair(form: string, pattern: RegExp): [string, string][] {
  const match = pattern.exec(form);
  return match?.[1] === undefined || match[2] === undefined ? [] : [[match[1], match[2]]];
}

function splitForms(text: string): string[] {
  const forms: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = text.indexOf("(module") + "(module".length; at < text.length; at++) {
    const char = text[at];
    if (char === '"') at = endOfString(text, at);
    else if (char === "(" && depth++ === 0) start = at;
    else if (char === ")" && --depth === 0) forms.push(text.slice(start, at + 1));
    if (depth < 0) break;
  }
  return forms;
}

function endOfString(text: string, quote: number): number {
  let at = quote + 1;
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}
