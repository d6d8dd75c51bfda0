import { configPath, parseConfigText, type Inventory } from "@espx/proto";
import type { Context } from "../context.ts";
import { exampleOf } from "../project/field.ts";
import { requiredKeys } from "../project/device-config.ts";
import type { Profile } from "../project/profile.ts";
import { errorIn } from "../project/source.ts";
import type { Board } from "./board.ts";

/** A board that keeps its config, and the profile that it shall run with it. */
interface KeptConfig {
  readonly board: Board;
  readonly inventory: Inventory;
  readonly profile: Profile;
}

/**
 * Reads the config that a board has and sees whether the profile can work with it.
 *
 * @throws ConfigError `cli/config-missing` for a key that the profile requires
 */
export async function checkConfigOnBoard(ctx: Context, { board, inventory, profile }: KeptConfig): Promise<void> {
  const required = requiredKeys(profile);
  const path = configPath(inventory.record?.config ?? null);
  if (required.length === 0 || !inventory.files.some((file) => file.path === path)) return;
  const repl = await board.transport.repl(ctx.signal);
  const text = await repl.exec(`with open('${path}') as f:\n print(f.read())`, { signal: ctx.signal });
  const entries = parseConfigText(text.replaceAll("\r\n", "\n"));
  const missing = required.filter(
    ({ section, key }) => !entries.some((entry) => entry.section === section && entry.key === key),
  );
  const first = missing[0];
  if (first === undefined) return;
  throw errorIn(`${path} on the board`, {
    code: "cli/config-missing",
    message: `the board's config lacks "${first.key}", which ${profile.name} requires`,
    hint: `give a config with a line such as "${first.key} ${exampleOf(first.field)}": espx deploy ${profile.name} --config config.txt`,
    details: { missing: missing.map(({ key }) => key) },
  });
}
