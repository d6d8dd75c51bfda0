const MASK = "********";
/** Shorter values would blank out half of every text; they cannot be kept secret anyway. */
const MIN_LENGTH = 3;

/** Takes the secrets out of everything that is shown. */
export interface Redactor {
  /** From now on `value` is masked. */
  hide(value: string): void;
  text(text: string): string;
}

/** Masks whole values wherever they stand, also as JSON writes them. */
export function createRedactor(): Redactor {
  let values: readonly string[] = [];
  return {
    hide(value) {
      if (value.length < MIN_LENGTH || values.includes(value)) return;
      const written = JSON.stringify(value).slice(1, -1);
      values = [...new Set([...values, value, written])].toSorted((a, b) => b.length - a.length);
    },
    text: (text) => values.reduce((masked, value) => masked.replaceAll(value, MASK), text),
  };
}
