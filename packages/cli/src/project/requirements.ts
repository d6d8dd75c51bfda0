import type { Requirements } from "@espx/ota";
import type { Profile } from "./profile.ts";
import { requiredChips } from "./required-chips.ts";

/** What a manifest demands of a board. */
export function requirementsOf({ manifest, versions }: Profile): Requirements {
  const { board, variant } = manifest.firmware;
  return { ...requiredChips(board), variant, versions };
}
