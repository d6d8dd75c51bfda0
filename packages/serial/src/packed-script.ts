import { isEspxError } from "@espx/proto";
import type { DeviceError } from "@espx/proto";
import { encodeBase64 } from "./base64.ts";
import type { ExecOptions, RawRepl } from "./raw-repl.ts";
import type { Deflate } from "./stream/frame-packer.ts";

const WINDOW_BITS = 12;

/** The same code in fewer bytes, for a board that can inflate. */
export function packScript(code: string, deflate: Deflate): string {
  const packed = encodeBase64(deflate(new TextEncoder().encode(code), WINDOW_BITS));
  return `import deflate,io,binascii\nexec(deflate.DeflateIO(io.BytesIO(binascii.a2b_base64('${packed}')),1,${WINDOW_BITS}).read())\n`;
}

/** Runs a script packed, and as it is on a board that cannot inflate. */
export async function execPacked(
  repl: RawRepl,
  code: string,
  { deflate, ...options }: ExecOptions & { readonly deflate: Deflate | undefined },
): Promise<string> {
  if (deflate === undefined) return repl.exec(code, options);
  try {
    return await repl.exec(packScript(code, deflate), options);
  } catch (error) {
    const isOld = isEspxError(error, "device/exception") && (error as DeviceError).remote?.type === "ImportError";
    if (!isOld) throw error;
    return repl.exec(code, options);
  }
}
