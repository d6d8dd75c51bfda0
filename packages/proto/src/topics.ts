import { ProtocolError } from "./errors.ts";

/** A device name in topics: no `/`, `+`, `#`, no control characters, 1..64 bytes. */
export function isDeviceName(name: string): boolean {
  return /^[^/+#\p{Cc}]{1,64}$/u.test(name);
}

/** `stat/D/<rest>`: a value that device D reports. */
export const statTopic = (device: string, rest: string): string => `stat/${checked(device)}/${rest}`;

/** `cmnd/D/<rest>`: a command to device D. */
export const commandTopic = (device: string, rest: string): string => `cmnd/${checked(device)}/${rest}`;

/** `espx/F/d/D/<rest>`: the toolchain's own topics of device D in fleet F. */
export const deviceTopic = (fleet: string, device: string, rest: string): string =>
  `espx/${checked(fleet)}/d/${checked(device)}/${rest}`;

/** The parts of a `stat/…` or `cmnd/…` topic, or null for any other. */
export function parseTopic(
  topic: string,
): { readonly kind: "stat" | "cmnd"; readonly device: string; readonly rest: string } | null {
  const match = /^(stat|cmnd)\/([^/]+)\/(.+)$/.exec(topic);
  if (match === null) return null;
  return { kind: match[1] as "stat" | "cmnd", device: match[2] as string, rest: match[3] as string };
}

/** @throws ProtocolError `proto/bad-name` for a name that would break or widen a topic */
function checked(name: string): string {
  if (!isDeviceName(name)) throw new ProtocolError("proto/bad-name", `"${name}" cannot be a level of a topic`);
  return name;
}
