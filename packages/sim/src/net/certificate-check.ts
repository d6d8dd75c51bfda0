import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";

/** What a certificate is held against. */
export interface CertificateRules {
  /** Certificates that the program trusts. */
  readonly trusted: readonly X509Certificate[];
  /** Name that the server must have; undefined: any. */
  readonly hostname: string | undefined;
  /** The board's clock, ms since 1970. */
  readonly nowMs: number;
}

/** Longest chain that is followed. */
const chainMax = 8;

/** The chip's words for what is wrong with a certificate. @source mbedtls 3.6, include/mbedtls/x509.h, MBEDTLS_X509_CRT_ERROR_INFO_LIST */
const words = {
  expired: "The certificate validity has expired",
  future: "The certificate validity starts in the future",
  name: "The certificate Common Name (CN) does not match with the expected CN",
  untrusted: "The certificate is not correctly signed by the trusted CA",
} as const;

/**
 * What is wrong with the chain that a peer showed, its own certificate first; a line for each finding, none when all is well.
 *
 * Dates count by the board's clock, which has no battery: before it is set, every certificate is from the future.
 */
export function checkCertificates(shown: readonly X509Certificate[], rules: CertificateRules): string[] {
  const [leaf] = shown;
  if (leaf === undefined) return [words.untrusted];
  const { chain, isTrusted } = followChain(leaf, shown, rules.trusted);
  const wrong = [
    { is: chain.some(({ validTo }) => Date.parse(validTo) < rules.nowMs), text: words.expired },
    { is: rules.hostname !== undefined && !isFor(leaf, rules.hostname), text: words.name },
    { is: !isTrusted, text: words.untrusted },
    { is: chain.some(({ validFrom }) => Date.parse(validFrom) > rules.nowMs), text: words.future },
  ];
  return wrong.filter(({ is }) => is).map(({ text }) => text);
}

/** The certificates from `leaf` up to a trusted one, or as far as they lead. */
function followChain(
  leaf: X509Certificate,
  shown: readonly X509Certificate[],
  trusted: readonly X509Certificate[],
): { readonly chain: readonly X509Certificate[]; readonly isTrusted: boolean } {
  const chain = [leaf];
  for (let last = leaf; chain.length <= chainMax;) {
    if (trusted.some((one) => one.raw.equals(last.raw))) return { chain, isTrusted: true };
    const issuer = [...trusted, ...shown].find((one) => !one.raw.equals(last.raw) && issued(one, last));
    if (issuer === undefined) break;
    chain.push(issuer);
    last = issuer;
  }
  return { chain, isTrusted: false };
}

function issued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function isFor(certificate: X509Certificate, hostname: string): boolean {
  const found = isIP(hostname) > 0 ? certificate.checkIP(hostname) : certificate.checkHost(hostname);
  return found !== undefined;
}

/**
 * The certificates in `bytes`: PEM, one after the other, or one in DER.
 *
 * @throws Error when there is none that can be read
 */
export function readCertificates(bytes: Uint8Array): X509Certificate[] {
  const text = Buffer.from(bytes).toString("latin1");
  const pem = text.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g);
  return (pem ?? [Buffer.from(bytes)]).map((one) => new X509Certificate(one));
}
