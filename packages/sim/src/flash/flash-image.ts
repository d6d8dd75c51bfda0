import { createHash } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { VerifyError } from "@espx/proto";
import type { ChipState, FlashSnapshot, SnapshotNode } from "./flash-snapshot.ts";

const magic = "espx-flash-1\n";
const digestBytes = 32;

type HeaderNode =
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "file"; readonly path: string; readonly sizeBytes: number; readonly mtimeS: number };

interface HeaderChip extends Omit<ChipState, "blocks"> {
  readonly blocks: readonly { readonly index: number; readonly bytes: string | null }[];
}

interface Header extends Omit<FlashSnapshot, "nodes" | "nvs" | "chip"> {
  readonly chip?: HeaderChip;
  readonly nodes: readonly HeaderNode[];
  readonly nvs: readonly { readonly namespace: string; readonly key: string; readonly value: number | string }[];
}

/**
 * Encodes a flash for a state file.
 *
 * Shape: `espx-flash-1\n`, one line of JSON, the files' bytes one after the other, SHA-256 of all that. Byte strings
 * of NVS, and the chip's blocks, deflated, stand in the JSON as base64.
 */
export function encodeFlash({ chip, ...snapshot }: FlashSnapshot): Uint8Array {
  const header: Header = {
    ...snapshot,
    ...(chip !== undefined && { chip: { ...chip, blocks: chip.blocks.map(packBlock) } }),
    nodes: snapshot.nodes.map((node) =>
      node.kind === "folder"
        ? node
        : { kind: "file", path: node.path, sizeBytes: node.content.length, mtimeS: node.mtimeS },
    ),
    nvs: snapshot.nvs.map(({ value, ...at }) => ({
      ...at,
      value: typeof value === "number" ? value : Buffer.from(value).toString("base64"),
    })),
  };
  const contents = snapshot.nodes.flatMap((node) => (node.kind === "file" ? [node.content] : []));
  const body = Buffer.concat([Buffer.from(`${magic}${JSON.stringify(header)}\n`), ...contents]);
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
  const nodes = header.nodes.map((node): SnapshotNode => {
    if (node.kind === "folder") return node;
    const content = new Uint8Array(body.subarray(offset, (offset += node.sizeBytes)));
    return { kind: "file", path: node.path, content, mtimeS: node.mtimeS };
  });
  const nvs = header.nvs.map(({ value, ...at }) => ({
    ...at,
    value: typeof value === "number" ? value : new Uint8Array(Buffer.from(value, "base64")),
  }));
  const { chip, ...rest } = header;
  return {
    ...rest,
    nodes,
    nvs,
    ...(chip !== undefined && { chip: { ...chip, blocks: chip.blocks.map(unpackBlock) } }),
  };
}

function packBlock({ index, bytes }: ChipState["blocks"][number]): HeaderChip["blocks"][number] {
  return { index, bytes: bytes === null ? null : Buffer.from(deflateRawSync(bytes)).toString("base64") };
}

function unpackBlock({ index, bytes }: HeaderChip["blocks"][number]): ChipState["blocks"][number] {
  return { index, bytes: bytes === null ? null : new Uint8Array(inflateRawSync(Buffer.from(bytes, "base64"))) };
}

function damaged(why: string): VerifyError {
  return new VerifyError("sim/state-damaged", `the kept flash of a virtual board cannot be used: ${why}`, {
    hint: "start the simulator with --fresh to begin with an empty flash",
  });
}
