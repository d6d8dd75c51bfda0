/** Control characters that the prompts know, by their letter. */
export const controlByte = { a: 1, b: 2, c: 3, d: 4, e: 5 } as const;
