import { createHash, type Hash } from "node:crypto";
import type { HostCalls, WorkerContext } from "../context.ts";

/** More than a program's heap has room for; the digests are not in it. */
const hashesMax = 10_000;

/** `hashlib`: digests in the making, by number; each ends with its digest. */
export function hashCalls(context: WorkerContext): HostCalls {
  const hashes = new Map<number, Hash>();
  let last = 0;
  return {
    hash_new: (algorithm: string) => {
      if (!["md5", "sha1", "sha256"].includes(algorithm) || hashes.size >= hashesMax) return -1;
      hashes.set(++last, createHash(algorithm));
      return last;
    },
    hash_update: (number: number, address: number, length: number) => {
      hashes.get(number)?.update(context.memory().slice(address, address + length));
      return 0;
    },
    hash_digest: (number: number, address: number) => {
      const digest = hashes.get(number)?.digest();
      hashes.delete(number);
      if (digest === undefined) return -1;
      context.memory().set(digest, address);
      return digest.length;
    },
    hash_drop: (number: number) => Number(hashes.delete(number)),
  };
}
