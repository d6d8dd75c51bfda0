/** How a program wants a connection secured, as plain data. */
export interface TlsOptions {
  readonly server: boolean;
  /** Whether the peer must show a certificate that holds. */
  readonly verify: boolean;
  readonly hostname: string | undefined;
  /** The board's clock, ms since 1970. */
  readonly nowMs: number;
  /** Certificates to trust, in hexadecimal digits of PEM or DER; empty when there are none. */
  readonly trusted: string;
  /** The board's own certificate and its key, likewise. */
  readonly certificate: string;
  readonly key: string;
}

/** What became of it: the peer's certificate in hexadecimal digits and the cipher, or what was wrong. */
export type TlsOutcome =
  | { readonly secured: true; readonly peer: string; readonly cipher: string; readonly version: string }
  | { readonly secured: false; readonly kind: "certificate" | "value" | "handshake"; readonly text: string };

/** The options that a program's text of JSON means; undefined when it means none. */
export function parseTlsOptions(text: unknown): TlsOptions | undefined {
  const value = parse(text);
  const { server, verify, hostname, nowMs, trusted, certificate, key } = value ?? {};
  const isText = [trusted, certificate, key].every((one) => typeof one === "string");
  const isComplete = typeof server === "boolean" && typeof verify === "boolean" && Number.isFinite(nowMs) && isText;
  if (!isComplete || (hostname !== undefined && typeof hostname !== "string")) return undefined;
  return { server, verify, hostname, nowMs, trusted, certificate, key } as TlsOptions;
}

function parse(text: unknown): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = JSON.parse(String(text)) as unknown;
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
