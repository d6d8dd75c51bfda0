import { createHash } from "node:crypto";
import { VerifyError } from "@espx/proto";
import type { FlashSnapshot } from "./flash-snapshot.ts";

const magic = "espx-flash-1\n";
const digestBytes = 32;

interface Header extends Omit<FlashSnapshot, "files" | "nvs"> {
  readonly files: readonly { readonly path: string; readonly sizeBytes: number; readonly mtimeS: number }[];
  readonly nvs: readonly { readonly namespace: string; readonly key: string; readonly value: number | string }[];
}

/**
 * Encodes a flash for a state file.
 *
 * Shape: `espx-flash-1\n`, one line of JSON, the files' bytes one after the other, SHA-256 of all that. Byte strings
 * of NVS stand in the JSON as base64.
 */
export function encodeFlash(snapshot: FlashSnapshot): Uint8Array {
  const header: Header = {
    ...snapshot,
    files: snapshot.files.map(({ path, content, mtimeS }) => ({ path, sizeBytes: content.length, mtimeS })),
    nvs: snapshot.nvs.map(({ value, ...at }) => ({
      ...at,
      value: typeof value === "number" ? value : Buffer.from(value).toString("base64"),
    })),
  };
  const body = Buffer.concat([Buffer.from(`${magic}${JSON.stringify(header)}\n`), ...snapshot.files.map((file) => file.content)]);
  return Buffer.concat([body, createHash("sha256").update(body).digest()]);
}

/**
 * Decodes what {@link encodeFlash} made.
 *
 * @throws VerifyError `sim/state-damaged`
 */
export function decodeFlash(bytes: Uint8Array): FlashSnapshot {
  const body = bytes.subarray(0, Math.max(0, bytes.length - digestBytes));
  const digest = createHash("sha256").update(body).digest();
  if (!digest.equals(bytes.subarray(body.length))) throw damaged("its SHA-256 differs");
  const end = body.indexOf(0x0a, magic.length);
  const start = Buffer.from(body.subarray(0, magic.length)).toString("latin1");
  if (start !== magic || end < 0) throw damaged("it is of another version");
  const header = JSON.parse(Buffer.from(body.subarray(magic.length, end)).toString("utf8")) as Header;
  let offset = end + 1;
  const files = header.files.map(({ path, sizeBytes, mtimeS }) => {
    const content = body.slice(offset, (offset += sizeBytes));
    return { path, content, mtimeS };
  });
  const nvs = header.nvs.map(({ value, ...at }) => ({
    ...at,
    value: typeof value === "number" ? value : new Uint8Array(Buffer.from(value, "base64")),
  }));
  return { ...header, files, nvs };
}

function damaged(why: string): VerifyError {
  return new VerifyError("sim/state-damaged", `the kept flash of a virtual board cannot be used: ${why}`, {
    hint: "start the simulator with --fresh to begin with an empty flash",
  });
}
