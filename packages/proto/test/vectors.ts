import { readFileSync } from "node:fs";

/** The cases of one vector file. */
export function vectors<Case>(name: string): readonly Case[] {
  const url = new URL(`../vectors/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(url, "utf8")) as { readonly cases: readonly Case[] }).cases;
}

/** The code of the espx error that `action` throws; fails the test when it throws anything else. */
export function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof Error && "code" in error) return String(error.code);
    throw error;
  }
  throw new Error("nothing was thrown");
}
