/** Codes that this package throws, each with what it means. Permanent: a code is never given a second meaning. */
export const protoCodes = {
  "proto/truncated": { class: "ProtocolError", meaning: "bytes end before a field does" },
  "proto/bad-length": { class: "ProtocolError", meaning: "a record has more or fewer bytes than its format says" },
  "proto/bad-magic": { class: "ProtocolError", meaning: "bytes do not start as their format demands" },
  "proto/bad-checksum": { class: "ProtocolError", meaning: "a checksum does not fit its bytes" },
  "proto/bad-value": { class: "ProtocolError", meaning: "a field holds a value that means nothing" },
  "proto/version-unsupported": { class: "ProtocolError", meaning: "the format is newer than this espx" },
  "proto/bad-hex": { class: "ProtocolError", meaning: "text is not pairs of hexadecimal digits" },
  "proto/bad-name": { class: "ProtocolError", meaning: "a name would break or widen an MQTT topic" },
  "proto/bad-config-value": { class: "ProtocolError", meaning: "a setting would not read back as it was written" },
  "port/not-found": { class: "NotFoundError", meaning: "no such port, or no way to reach one of that form" },
  "port/busy": { class: "BusyError", meaning: "another program has the port" },
  "port/permission": { class: "PermissionError", meaning: "this user may not open the port" },
  "port/canceled": { class: "CanceledError", meaning: "opening a port was called off" },
  "link/lost": { class: "LinkError", meaning: "the connection to a board is gone, or was closed" },
} as const satisfies Readonly<Record<string, { readonly class: string; readonly meaning: string }>>;
