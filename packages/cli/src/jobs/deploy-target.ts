import { stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { isEspxError, NotFoundError, UsageError } from "@espx/proto";
import type { Context } from "../context.ts";
import { folderProfile, type Layout } from "../project/folder-profile.ts";
import type { FolderFiles } from "../project/folder.ts";
import { findDevice, loadProject, type DeviceEntry, type Project } from "../project/project.ts";
import { loadProfile, type Profile } from "../project/profile.ts";
import { checkProfileOf } from "./deploy-device.ts";

/** What shall be deployed, as the command line says it. */
export interface TargetWish {
  /** A profile, or a folder. */
  readonly what: string;
  readonly device: string | undefined;
  readonly layout: string | undefined;
  readonly ignore: readonly string[];
  readonly keep: readonly string[];
}

/** What shall be deployed, found. */
export interface DeployTarget {
  readonly project: Project | null;
  readonly device: DeviceEntry | null;
  readonly profile: Profile;
  /** The contents of a folder; null for a profile with a manifest. */
  readonly contents: FolderFiles | null;
}

/**
 * Finds the profile, or takes the folder that the word names: one with a path separator always names a folder.
 *
 * @throws NotFoundError `cli/profile-unknown`, `cli/local-file`; UsageError `cli/usage`, `cli/flag-value`; those of the files
 */
export async function findTarget(ctx: Context, wish: TargetWish): Promise<DeployTarget> {
  const layout = layoutOf(wish.layout);
  const project = await loadProject(ctx);
  const device = wish.device === undefined ? null : findDevice(project, wish.device);
  const folder = await folderOf(ctx, wish.what);
  if (!isPath(wish.what)) {
    try {
      const profile = await loadProfile(ctx, project, wish.what);
      if (device !== null) checkProfileOf(device, wish.what);
      refuseFolderFlags(wish);
      return { project, device, profile, contents: null };
    } catch (error) {
      if (folder === null || !isEspxError(error, "cli/profile-unknown")) throw error;
    }
  }
  if (folder === null) throw noFolder(wish.what);
  const { ignore, keep } = wish;
  return { project, device, ...(await folderProfile(ctx, folder, { layout: layout ?? "flat", ignore, keep })) };
}

const isPath = (word: string): boolean => /[/\\]/.test(word) || word === "." || word === "..";

async function folderOf({ cwd }: Context, word: string): Promise<string | null> {
  const path = isAbsolute(word) ? word : join(cwd, word);
  const found = await stat(path).catch(() => null);
  return found?.isDirectory() === true ? path : null;
}

function noFolder(word: string): NotFoundError {
  return new NotFoundError("cli/local-file", `there is no folder ${word}`, {
    hint: "name a folder with MicroPython files, or a profile",
  });
}

function layoutOf(text: string | undefined): Layout | undefined {
  if (text === undefined || text === "flat" || text === "slots") return text;
  throw new UsageError("cli/flag-value", `--layout takes flat or slots, got "${text}"`, {
    hint: "flat puts files where they are in the folder, slots gives the board two sets of them",
  });
}

/** A manifest says itself what goes on a board and how. */
function refuseFolderFlags({ what, layout, ignore, keep }: TargetWish): void {
  const flag = layout === undefined ? (ignore.length > 0 ? "ignore" : keep.length > 0 ? "keep" : null) : "layout";
  if (flag === null) return;
  throw new UsageError("cli/usage", `--${flag} is for folders; ${what} is a profile, whose manifest says that`, {
    hint: `for a folder of that name: espx deploy ./${what}`,
  });
}
