import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** A file with scenarios of a profile. */
export interface ScenarioFile {
  readonly kind: "text" | "module";
  readonly path: string;
  /** Its name without the ending. */
  readonly name: string;
}

const kinds = { ".scenario": "text", ".test.mjs": "module" } as const;

/** The files in a profile's `tests` folder that hold scenarios, by name. */
export async function findScenarios(profileFolder: string): Promise<readonly ScenarioFile[]> {
  const folder = join(profileFolder, "tests");
  const names = await readdir(folder).catch(() => []);
  return names
    .toSorted((a, b) => (a < b ? -1 : 1))
    .flatMap((name): ScenarioFile[] => {
      const ending = Object.keys(kinds).find((end) => name.endsWith(end) && name.length > end.length);
      if (ending === undefined) return [];
      return [
        { kind: kinds[ending as keyof typeof kinds], path: join(folder, name), name: name.slice(0, -ending.length) },
      ];
    });
}
