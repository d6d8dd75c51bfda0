/** Codes that this package throws, each with what it means. Permanent: a code is never given a second meaning. */
export const imageCodes = {
  "image/app-truncated": {
    class: "ProtocolError",
    meaning: "an application image ends inside its header, before its checksum or inside its hash",
  },
  "image/app-bad-magic": { class: "ProtocolError", meaning: "bytes do not start as an application image does" },
  "image/app-bad-value": { class: "ProtocolError", meaning: "a field of an application image means nothing" },
  "image/app-segment-outside": {
    class: "ProtocolError",
    meaning: "a segment is said to reach past the end of its image",
  },
  "image/app-bad-checksum": {
    class: "ProtocolError",
    meaning: "the checksum over the segments of an image does not fit",
  },
  "image/app-bad-hash": {
    class: "ProtocolError",
    meaning: "the SHA-256 at the end of an image does not fit its bytes",
  },
  "image/app-no-description": { class: "ProtocolError", meaning: "an image carries no application description" },
  "image/file-unknown": {
    class: "ProtocolError",
    meaning: "a file is no ESP image, no partition table and no flash contents",
  },
  "image/merge-overlap": { class: "RefusedError", meaning: "two files to be merged claim the same bytes of flash" },
  "image/merge-outside": {
    class: "RefusedError",
    meaning: "a file to be merged lies before the start of the merged file or behind its end",
  },
  "image/app-unfit": { class: "RefusedError", meaning: "an image cannot have more than 16 segments" },
  "image/partition-truncated": { class: "ProtocolError", meaning: "a partition table has no end" },
  "image/partition-bad-magic": { class: "ProtocolError", meaning: "bytes are no entry of a partition table" },
  "image/partition-bad-hash": {
    class: "ProtocolError",
    meaning: "the MD5 of a partition table does not fit its entries",
  },
  "image/partition-bad-value": { class: "ProtocolError", meaning: "a field of a partition table means nothing" },
  "image/partition-misfit": {
    class: "ProtocolError",
    meaning: "partitions overlap, lie on a wrong boundary, share a name, or reach past the end of flash",
  },
  "image/partition-too-many": { class: "RefusedError", meaning: "a partition table has room for 95 partitions" },
  "image/csv-bad-value": { class: "ConfigError", meaning: "a field of a partition CSV is missing or means nothing" },
  "image/csv-misfit": {
    class: "ConfigError",
    meaning: "partitions of a CSV overlap, lie on a wrong boundary, share a name, or reach past the end of flash",
  },
  "image/ota-bad-length": { class: "ProtocolError", meaning: "an OTA data partition has not two sectors" },
  "image/nvs-bad-length": { class: "ProtocolError", meaning: "an NVS partition is not a number of whole pages" },
  "image/nvs-bad-checksum": {
    class: "ProtocolError",
    meaning: "a checksum in an NVS partition does not fit its bytes",
  },
  "image/nvs-bad-value": { class: "ProtocolError", meaning: "a field in an NVS partition means nothing" },
  "image/nvs-blob-incomplete": {
    class: "ProtocolError",
    meaning: "a blob in an NVS partition lacks one of its chunks",
  },
  "image/nvs-unfit": { class: "RefusedError", meaning: "a key or a value is longer or larger than NVS can hold" },
  "image/nvs-full": { class: "RefusedError", meaning: "the values do not fit the NVS partition" },
  "image/littlefs-not-formatted": { class: "ProtocolError", meaning: "no littlefs superblock is found" },
  "image/littlefs-version-unsupported": { class: "ProtocolError", meaning: "the littlefs is newer than this espx" },
  "image/littlefs-bad-geometry": {
    class: "ProtocolError",
    meaning: "a littlefs was made for other blocks, or for more of them, than there are",
  },
  "image/littlefs-corrupt": { class: "ProtocolError", meaning: "neither block of a littlefs metadata pair is whole" },
  "image/littlefs-bad-value": { class: "ProtocolError", meaning: "a field in a littlefs means nothing" },
  "image/littlefs-shared-block": {
    class: "ProtocolError",
    meaning: "two files or directories of a littlefs claim the same block, or one claims a block that is not there",
  },
  "image/littlefs-unfit": {
    class: "RefusedError",
    meaning: "a path, name, attribute or block size is one that littlefs cannot have",
  },
  "image/littlefs-full": { class: "RefusedError", meaning: "the files do not fit the littlefs" },
} as const satisfies Readonly<Record<string, { readonly class: string; readonly meaning: string }>>;
