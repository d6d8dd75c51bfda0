/** What a text must be, with how to say it: `"2"`, `a text that matches /^ok/`. */
export interface ValueTest {
  readonly text: string;
  holds(value: string): boolean;
}

/** Any value at all. */
export const anyValue: ValueTest = { text: "anything", holds: () => true };

export const exactly = (expected: string): ValueTest => ({
  text: JSON.stringify(expected),
  holds: (value) => value === expected,
});

export const containing = (expected: string): ValueTest => ({
  text: `a text with ${JSON.stringify(expected)}`,
  holds: (value) => value.includes(expected),
});

export const matching = (pattern: RegExp): ValueTest => ({
  text: `a text that matches ${String(pattern)}`,
  holds: (value) => pattern.test(value),
});

/** Both ends belong to it. */
export const between = (min: number, max: number): ValueTest => ({
  text: `a number from ${min} to ${max}`,
  holds: (value) => value.trim() !== "" && Number(value) >= min && Number(value) <= max,
});

/** A test from what a script gives: nothing, a text or number, a pattern. */
export function valueTest(value: string | number | RegExp | undefined): ValueTest {
  if (value === undefined) return anyValue;
  // A pattern with a memory of its own would match every second time.
  if (value instanceof RegExp) return matching(new RegExp(value.source, value.flags.replaceAll(/[gy]/g, "")));
  return exactly(String(value));
}
