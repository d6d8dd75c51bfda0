import { readFileSync } from "node:fs";
import type { ClientRequest, IncomingMessage } from "node:http";
import { get } from "node:https";
import { rootCertificates } from "node:tls";
import { CanceledError, isEspxError, LinkError, VerifyError } from "@espx/proto";

/** How a file is fetched. */
export interface DownloadOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
  /** A file of certificates in PEM form that are trusted beside those that Node knows. */
  readonly extraCertificates?: string;
}

const SILENCE_LIMIT_MS = 30_000;
const MAX_REDIRECTS = 5;
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * Fetches a file over TLS, following redirects that stay on TLS.
 *
 * @returns its bytes, at most 64 MiB
 * @throws LinkError `fetch/unreachable`, `fetch/refused`, `fetch/cut-short`; VerifyError `fetch/certificate`;
 *   CanceledError `fetch/canceled`
 */
export async function download(url: string, options: DownloadOptions): Promise<Uint8Array> {
  let target = url;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await request(target, options);
    const { statusCode = 0, headers } = response;
    if (statusCode === 200) return read(response, target, options);
    response.destroy();
    const next = statusCode >= 300 && statusCode < 400 ? headers.location : undefined;
    if (next === undefined) throw refused(target, `answers ${statusCode}`);
    target = new URL(next, target).href;
    if (!target.startsWith("https://")) throw refused(url, `leads to ${target}, which is not TLS`);
  }
  throw refused(url, `leads on more than ${MAX_REDIRECTS} times`);
}

function request(url: string, { signal, extraCertificates }: DownloadOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let sent: ClientRequest;
    try {
      const authorities = extraCertificates === undefined ? {} : { ca: authoritiesWith(extraCertificates) };
      sent = get(url, { signal, timeout: SILENCE_LIMIT_MS, headers: { "user-agent": "espx" }, ...authorities });
    } catch (error) {
      reject(unreachable(url, error));
      return;
    }
    sent.on("response", resolve);
    sent.on("timeout", () => sent.destroy(new Error(`silent for ${SILENCE_LIMIT_MS / 1000} s`)));
    sent.on("error", (error) => reject(translate(url, error, signal)));
  });
}

async function read(response: IncomingMessage, url: string, options: DownloadOptions): Promise<Uint8Array> {
  const announced = Number(response.headers["content-length"] ?? Number.NaN);
  const chunks: Uint8Array[] = [];
  let done = 0;
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      done += chunk.length;
      if (done > MAX_BYTES) throw refused(url, `sends more than ${MAX_BYTES} bytes`);
      options.onProgress(done, Number.isNaN(announced) ? done : announced);
    }
  } catch (error) {
    throw isEspxError(error) ? error : cutShort(url, { done, announced, cause: error, signal: options.signal });
  }
  if (!Number.isNaN(announced) && done !== announced)
    throw cutShort(url, { done, announced, cause: undefined, signal: options.signal });
  return new Uint8Array(Buffer.concat(chunks));
}

interface Cut {
  readonly done: number;
  readonly announced: number;
  readonly cause: unknown;
  readonly signal: AbortSignal;
}

function cutShort(url: string, { done, announced, cause, signal }: Cut): Error {
  if (signal.aborted) return new CanceledError("fetch/canceled", `fetching ${url} was canceled`);
  const whole = Number.isNaN(announced) ? "" : ` of ${announced}`;
  return new LinkError("fetch/cut-short", `the download ended after ${done}${whole} bytes (${url})`, {
    cause,
    hint: "try again",
  });
}

function authoritiesWith(file: string): string[] {
  return [...rootCertificates, readFileSync(file, "utf8")];
}

const certificateErrors =
  /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|ALTNAME|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH/;

function translate(url: string, error: NodeJS.ErrnoException, signal: AbortSignal): Error {
  if (signal.aborted) return new CanceledError("fetch/canceled", `fetching ${url} was canceled`);
  if (!certificateErrors.test(error.code ?? "")) return unreachable(url, error);
  const { host } = new URL(url);
  return new VerifyError("fetch/certificate", `the certificate of ${host} does not prove who it is`, {
    cause: error,
    hint: "if a proxy of yours stands between, name its authority: NODE_EXTRA_CA_CERTS=ca.pem espx …",
  });
}

function unreachable(url: string, cause: unknown): LinkError {
  return new LinkError("fetch/unreachable", `${new URL(url).host} cannot be reached`, {
    cause,
    hint: "check the network, or fetch the file elsewhere",
  });
}

function refused(url: string, what: string): LinkError {
  return new LinkError("fetch/refused", `${url} ${what}`, { hint: "check the address in manifests/firmware.yaml" });
}
