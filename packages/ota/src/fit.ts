import { RefusedError } from "@espx/proto";
import type { Inventory, Release, ReleaseFile, Step } from "@espx/proto";
import { supportedVersions } from "./policy.ts";
import type { Policy } from "./policy.ts";
import { formatVersionRange, isInRange } from "./version-range.ts";

/** Why `release` may not go on the board, or null when it may. Space is another matter: {@link findShortage}. */
export function findMisfit(release: Release, inventory: Inventory, policy: Policy): RefusedError | null {
  return (
    wrongChip(inventory, policy) ??
    wrongVersion(inventory, policy) ??
    wrongVariant(inventory, policy) ??
    wrongMpy([...release.files, ...release.launcher], inventory) ??
    foreignProgram(inventory, policy)
  );
}

export function wrongChip(inventory: Inventory, policy: Pick<Policy, "requires">): RefusedError | null {
  const chips = policy.requires?.chips;
  if (chips === undefined || chips.includes(inventory.chip)) return null;
  return new RefusedError(
    "deploy/wrong-chip",
    `the release is for ${chips.join(" or ")}, the board is ${inventory.chip}`,
    {
      hint: "name another port, or change firmware.board in the manifest",
      details: { chips, chip: inventory.chip },
    },
  );
}

export function wrongVersion(inventory: Inventory, policy: Pick<Policy, "requires">): RefusedError | null {
  const range = policy.requires?.versions ?? supportedVersions;
  if (isInRange(inventory.version, range)) return null;
  const version = inventory.version.join(".");
  return new RefusedError(
    "deploy/wrong-version",
    `needs MicroPython ${formatVersionRange(range)}, the board has ${version}`,
    {
      hint: "flash a MicroPython version that the manifest allows",
      details: { needs: formatVersionRange(range), has: version },
    },
  );
}

/** Firmware that does not tell its build shows PSRAM in the name of its board, and nothing else. */
export function wrongVariant({ build, board }: Inventory, policy: Pick<Policy, "requires">): RefusedError | null {
  const wanted = policy.requires?.variant ?? "";
  const has = build === undefined ? (/SPIRAM/i.test(board) ? "SPIRAM" : null) : build.split("-").slice(1).join("-");
  if (wanted === "" || has === wanted || (has === null && wanted !== "SPIRAM")) return null;
  return new RefusedError(
    "deploy/wrong-variant",
    `needs the variant ${wanted} of MicroPython, the board has ${build ?? board}`,
    {
      hint: `flash that build: espx flash --variant ${wanted}; or take firmware.variant out of the manifest`,
      details: { needs: wanted, has: build ?? null },
    },
  );
}

/** A compiled file starts with `M` and the version of its format; native code has its architecture above bit 2 of the third byte. */
export function wrongMpy(files: readonly ReleaseFile[], inventory: Inventory): RefusedError | null {
  const compiled = files.filter((file) => file.path.endsWith(".mpy"));
  const wrong = compiled.find((file) => file.bytes[0] !== 0x4d || file.bytes[1] !== inventory.mpyVersion);
  if (wrong !== undefined) {
    const found = wrong.bytes[0] === 0x4d ? `.mpy version ${wrong.bytes[1] ?? "none"}` : "no .mpy content";
    return new RefusedError(
      "deploy/wrong-mpy",
      `${wrong.path} has ${found}, the board's interpreter loads version ${inventory.mpyVersion}`,
      { hint: "set compile: false in the manifest, or flash a MicroPython version that fits" },
    );
  }
  const { mpyArch } = inventory;
  const native = compiled.find(
    (file) => mpyArch !== undefined && archOf(file.bytes) !== 0 && archOf(file.bytes) !== mpyArch,
  );
  if (native === undefined) return null;
  const message = `${native.path} has native code for architecture ${archOf(native.bytes)}, the board's interpreter loads ${mpyArch}`;
  return new RefusedError("deploy/wrong-mpy", message, {
    hint: "compile it for this chip, or take a version without native code",
  });
}

/** @source MicroPython py/persistentcode.h */
function archOf(bytes: Uint8Array): number {
  return ((bytes[2] ?? 0) >> 2) & 0x0f;
}

function foreignProgram(inventory: Inventory, policy: Policy): RefusedError | null {
  if (policy.replaceForeign || inventory.foreign.length === 0) return null;
  const names = inventory.foreign.join(" and ");
  return new RefusedError("deploy/foreign-program", `the board has a program of its own in ${names}`, {
    hint: "agree to replace it, or pass --yes; it is moved to /old/ and its other files stay",
    details: { files: inventory.foreign },
  });
}

/** What a file system of 4 KiB blocks takes for a file. */
const BLOCK_BYTES = 4096;
/** Room for folders and for the file system's own moves. */
const RESERVE_BYTES = 4 * BLOCK_BYTES;

/** Why the steps do not fit into the board's free space, or null when they do; counts blocks, at the fullest moment. */
export function findShortage(steps: readonly Step[], inventory: Inventory): RefusedError | null {
  const sizes = new Map(inventory.files.map((file) => [file.path, file.sizeBytes]));
  let used = 0;
  let peak = 0;
  for (const step of steps) {
    if (step.kind === "remove") used -= release(sizes, step.path);
    if (step.kind !== "put") continue;
    used += blocks(step.sizeBytes);
    peak = Math.max(peak, used);
    used -= release(sizes, step.path);
    sizes.set(step.path, step.sizeBytes);
  }
  const needs = peak + RESERVE_BYTES;
  if (peak === 0 || needs <= inventory.freeBytes) return null;
  return new RefusedError("deploy/no-space", `needs ${needs} bytes free, the board has ${inventory.freeBytes}`, {
    hint: "remove files from the board that no release needs, or make the release smaller",
    details: { needsBytes: needs, hasBytes: inventory.freeBytes },
  });
}

function release(sizes: Map<string, number>, path: string): number {
  const sizeBytes = sizes.get(path);
  sizes.delete(path);
  return sizeBytes === undefined ? 0 : blocks(sizeBytes);
}

function blocks(sizeBytes: number): number {
  return Math.max(1, Math.ceil(sizeBytes / BLOCK_BYTES)) * BLOCK_BYTES;
}
