import { chipOfId, flashSettingsOf, type FoundImage, readFlashFile } from "@espx/image";
import { formatHex, isEspxError, type ProtocolError } from "@espx/proto";
import type { Context } from "../context.ts";
import type { EventData } from "../events.ts";
import { digests } from "../release/digests.ts";
import { readLocal } from "./local-file.ts";
import { applicationsIn, partitionsData } from "./partition-table.ts";

const ANY_REVISION = 0xffff;

/**
 * Shows what a file for flash holds: its images, and its partition table.
 *
 * @throws ProtocolError of the first checksum or hash that does not fit, after everything was shown
 */
export async function imageInfo(ctx: Context, file: string): Promise<Readonly<Record<string, unknown>>> {
  const found = readFlashFile(await readLocal(ctx, file), digests);
  for (const image of found.images) ctx.out.emit({ kind: "image", data: imageData(file, image) });
  if (found.table !== null)
    ctx.out.emit({
      kind: "partitions",
      data: partitionsData({
        source: file,
        partitions: found.table.partitions,
        applications: applicationsIn(found.images),
      }),
    });
  for (const { name, error } of found.broken) {
    const text = `the image in ${name} cannot be read: ${error.message}`;
    ctx.out.emit({ kind: "log", data: { level: "warning", text } });
  }
  const fault = found.images.flatMap(({ faults }) => faults)[0];
  if (fault !== undefined) throw fault;
  return { kind: found.kind, address: found.address, sizeBytes: found.sizeBytes, images: found.images.length };
}

function imageData(file: string, { name, address, image, description, faults }: FoundImage): EventData<"image"> {
  const { header, segments, checksum, hash, sizeBytes } = image;
  return {
    file,
    name,
    address,
    chip: chipOfId(header.chipId)?.name ?? null,
    chipId: header.chipId,
    minRevision: Math.max(header.minChipRevision, header.minChipRevisionMajor * 100),
    maxRevision: header.maxChipRevision === ANY_REVISION ? null : header.maxChipRevision,
    sizeBytes,
    entry: header.entry,
    flash: flashSettingsOf(header),
    segments: segments.map(({ address: at, offset, data }) => ({ address: at, offset, sizeBytes: data.length })),
    checksum: { value: checksum, valid: !has(faults, "image/app-bad-checksum") },
    sha256: hash === null ? null : { value: formatHex(hash), valid: !has(faults, "image/app-bad-hash") },
    application:
      description === null
        ? null
        : {
            name: description.projectName,
            version: description.version,
            built: `${description.date} ${description.time}`,
            idfVersion: description.idfVersion,
            elfSha256: description.elfSha256,
            secureVersion: description.secureVersion,
          },
  };
}

const has = (faults: readonly ProtocolError[], code: string): boolean =>
  faults.some((fault) => isEspxError(fault, code));
