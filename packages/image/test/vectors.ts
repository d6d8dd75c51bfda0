import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseHex } from "@espx/proto";

/** Bytes that are mostly erased: what is not 0xff, and where. */
export interface SparseBytes {
  readonly sizeBytes: number;
  readonly parts: readonly { readonly at: number; readonly hex: string }[];
}

/** The cases of one vector file. */
export function vectors<Case>(name: string): readonly Case[] {
  const url = new URL(`../vectors/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(url, "utf8")) as { readonly cases: readonly Case[] }).cases;
}

export function unpack({ sizeBytes, parts }: SparseBytes): Uint8Array {
  const bytes = new Uint8Array(sizeBytes).fill(0xff);
  for (const { at, hex } of parts) bytes.set(parseHex(hex), at);
  return bytes;
}

/** The code of the espx error that `action` throws, with its class; fails the test when it throws anything else. */
export function failureOf(action: () => unknown): {
  readonly code: string;
  readonly name: string;
  readonly error: Error;
} {
  try {
    action();
  } catch (error) {
    if (error instanceof Error && "code" in error) return { code: String(error.code), name: error.name, error };
    throw error;
  }
  throw new Error("nothing was thrown");
}

export function codeOf(action: () => unknown): string {
  return failureOf(action).code;
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

export function md5(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("md5").update(bytes).digest());
}
