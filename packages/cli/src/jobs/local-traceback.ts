import { DeviceError, isEspxError } from "@espx/proto";

/**
 * Does `work`; a DeviceError that ends it names the files of its traceback as they lie here.
 *
 * @param files - names on the board with places here
 */
export async function withLocalFiles<T>(files: ReadonlyMap<string, string>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isEspxError(error) || error.exitCode !== 8) throw error;
    const details = mapStrings(error.details, (text) => localTraceback(text, files));
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    throw new DeviceError(error.code, localTraceback(error.message, files), { ...hint, details, cause: error.cause });
  }
}

/** `File "main.py", line 3` as `File "profiles/lamp/main.py", line 3`, for every file that is known. */
export function localTraceback(text: string, files: ReadonlyMap<string, string>): string {
  return text.replaceAll(/File "([^"]+)", line/g, (line, name: string) => {
    const local = files.get(name);
    return local === undefined ? line : `File "${local}", line`;
  });
}

function mapStrings(
  details: Readonly<Record<string, unknown>>,
  map: (text: string) => string,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(details).map(([key, value]) => [key, typeof value === "string" ? map(value) : value]),
  );
}
