/** Tests of MicroPython that come out otherwise on a virtual board, each with the reason. */
export const knownDifferences: Readonly<Record<string, string>> = {};
