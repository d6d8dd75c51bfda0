import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP, type Socket } from "node:net";
import { connect, createSecureContext, type DetailedPeerCertificate, type SecureContext, TLSSocket } from "node:tls";
import { checkCertificates, readCertificates } from "./certificate-check.ts";
import type { TlsOptions, TlsOutcome } from "./tls-options.ts";

/** What the upgrade of a connection ended with; without a socket the connection is of no use any more. */
export interface Upgrade {
  readonly outcome: TlsOutcome;
  readonly socket?: TLSSocket;
}

/** The oldest version that the chip's library speaks. */
const minVersion = "TLSv1.2";

/** Makes TLS out of a connection; resolves when the handshake ended and the peer's certificate was looked at. Never rejects. */
export async function upgrade(socket: Socket, options: TlsOptions): Promise<Upgrade> {
  try {
    const trusted = options.trusted === "" ? [] : readCertificates(fromHex(options.trusted));
    const secure = begin(socket, options, createContext(options));
    return await finish(secure, options, trusted);
  } catch {
    return failed("value", "invalid cert");
  }
}

function begin(socket: Socket, { server, verify, hostname }: TlsOptions, secureContext: SecureContext): TLSSocket {
  const rejectUnauthorized = false;
  if (server) {
    return new TLSSocket(socket, { isServer: true, secureContext, requestCert: verify, rejectUnauthorized });
  }
  // A name that cannot be one is not told to the server; no certificate will be for it.
  const isName = hostname !== undefined && isIP(hostname) === 0 && /^[\w.-]+$/.test(hostname);
  const servername = isName ? hostname : "";
  return connect({
    socket,
    secureContext,
    rejectUnauthorized,
    checkServerIdentity: () => undefined,
    minVersion,
    servername,
  });
}

async function finish(secure: TLSSocket, options: TlsOptions, trusted: readonly X509Certificate[]): Promise<Upgrade> {
  const broken = await handshake(secure, options.server ? "secure" : "secureConnect");
  if (broken !== undefined) return failed("handshake", broken);
  const wrong = options.verify ? checkCertificates(shownBy(secure), { ...options, trusted }) : [];
  if (wrong.length > 0) {
    secure.destroy();
    return failed("certificate", wrong.map((line) => `${line}\n`).join(""));
  }
  const peer = secure.getPeerX509Certificate()?.raw.toString("hex") ?? "";
  const { name } = secure.getCipher();
  return { outcome: { secured: true, peer, cipher: name, version: secure.getProtocol() ?? "" }, socket: secure };
}

function createContext({ certificate, key }: TlsOptions): SecureContext {
  if (certificate === "" || key === "") return createSecureContext({ minVersion });
  const cert = readCertificates(fromHex(certificate)).map(String).join("\n");
  return createSecureContext({ minVersion, cert, key: readKey(fromHex(key)) });
}

/** PEM, or DER in one of the three shapes in which keys come. */
function readKey(bytes: Buffer): string {
  const shapes = bytes.includes("-----BEGIN")
    ? [{ key: bytes }]
    : (["pkcs8", "pkcs1", "sec1"] as const).map((type) => ({ key: bytes, format: "der", type }) as const);
  for (const shape of shapes) {
    try {
      return createPrivateKey(shape).export({ type: "pkcs8", format: "pem" }).toString();
    } catch {
      continue;
    }
  }
  throw new Error("the key cannot be read");
}

/** Resolves with what went wrong, or undefined. */
function handshake(socket: TLSSocket, done: "secure" | "secureConnect"): Promise<string | undefined> {
  return new Promise((resolve) => {
    socket.once(done, () => resolve(undefined));
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.message));
    socket.once("close", () => resolve("the peer closed the connection"));
  });
}

/** The certificates that the peer sent, its own first. */
function shownBy(socket: TLSSocket): X509Certificate[] {
  const shown: X509Certificate[] = [];
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (next?.raw !== undefined && !shown.some(({ raw }) => raw.equals(next?.raw ?? raw))) {
    shown.push(new X509Certificate(next.raw));
    next = next.issuerCertificate;
  }
  return shown;
}

function failed(kind: "certificate" | "value" | "handshake", text: string): Upgrade {
  return { outcome: { secured: false, kind, text } };
}

function fromHex(digits: string): Buffer {
  return Buffer.from(digits, "hex");
}
