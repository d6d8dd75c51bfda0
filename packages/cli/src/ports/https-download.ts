import { readFileSync } from "node:fs";
import type { ClientRequest, IncomingMessage } from "node:http";
import { get } from "node:https";
import { rootCertificates } from "node:tls";
import { CanceledError, type EspxError, isEspxError, LinkError, VerifyError } from "@espx/proto";
import { tunnelTo } from "./https-proxy.ts";

/** How a file is fetched. */
export interface DownloadOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
  /** A file of certificates in PEM form that are trusted beside those that Node knows. */
  readonly extraCertificates?: string;
  /** The proxy to go through for a URL; none when left out. */
  readonly proxyFor?: (url: string) => URL | undefined;
}

const SILENCE_LIMIT_MS = 30_000;
const MAX_REDIRECTS = 5;
const MAX_BYTES = 64 * 1024 * 1024;
/** How often a download that ended early is gone on with. */
const RESUMES = 3;

/**
 * Fetches a file over TLS, following redirects that stay on TLS. A download that ends early is gone on with where it stopped, as long as the
 * host says that the file is still the same.
 *
 * @returns its bytes, at most 64 MiB
 * @throws LinkError `fetch/unreachable`, `fetch/refused`, `fetch/cut-short`, `fetch/proxy`; VerifyError `fetch/certificate`;
 *   UsageError `fetch/bad-proxy`; CanceledError `fetch/canceled`
 */
export async function download(url: string, options: DownloadOptions): Promise<Uint8Array> {
  const begun = new Begun();
  for (let resumes = 0; ; resumes++) {
    try {
      return await fetchRest(url, begun, options);
    } catch (error) {
      if (!isEspxError(error, "fetch/cut-short") || resumes === RESUMES || !begun.canGoOn(resumes)) throw error;
    }
  }
}

/** What has come of a file so far. */
class Begun {
  chunks: Uint8Array[] = [];
  doneBytes = 0;
  /** Names this very content; without it a file can only be fetched from its start. */
  #validator: string | undefined;
  #doneBefore = 0;

  /** False when the last try brought nothing more, or what came cannot be gone on with. */
  canGoOn(resumes: number): boolean {
    const hasMore = this.doneBytes > this.#doneBefore || resumes === 0;
    this.#doneBefore = this.doneBytes;
    return hasMore && this.doneBytes > 0 && this.#validator !== undefined;
  }

  get headers(): Readonly<Record<string, string>> {
    if (this.doneBytes === 0 || this.#validator === undefined) return {};
    return { range: `bytes=${this.doneBytes}-`, "if-range": this.#validator };
  }

  /** Begins anew unless an answer goes on where the last one ended. */
  take({ statusCode, headers }: IncomingMessage): void {
    const range = /^bytes (\d+)-/.exec(headers["content-range"] ?? "")?.[1];
    if (statusCode === 206 && Number(range) === this.doneBytes) return;
    this.chunks = [];
    this.doneBytes = 0;
    this.#doneBefore = 0;
    const { etag, "last-modified": modified } = headers;
    // A weak tag names what means the same, not the same bytes.
    this.#validator = etag !== undefined && !etag.startsWith("W/") ? etag : modified;
  }
}

async function fetchRest(url: string, begun: Begun, options: DownloadOptions): Promise<Uint8Array> {
  let target = url;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await request(target, begun.headers, options);
    const { statusCode = 0, headers } = response;
    if (statusCode === 200 || statusCode === 206) {
      begun.take(response);
      if (statusCode === 206 && begun.doneBytes === 0)
        throw refused(target, "answers with a part that was not asked for");
      return read(response, target, { begun, options });
    }
    response.destroy();
    const next = statusCode >= 300 && statusCode < 400 ? headers.location : undefined;
    if (next === undefined) throw refused(target, `answers ${statusCode}`);
    target = new URL(next, target).href;
    if (!target.startsWith("https://")) throw refused(url, `leads to ${target}, which is not TLS`);
  }
  throw refused(url, `leads on more than ${MAX_REDIRECTS} times`);
}

async function request(
  url: string,
  headers: Readonly<Record<string, string>>,
  options: DownloadOptions,
): Promise<IncomingMessage> {
  const { signal, extraCertificates, proxyFor } = options;
  const proxy = proxyFor?.(url);
  const tunnel =
    proxy && (await tunnelTo(url, proxy, { signal, timeoutMs: SILENCE_LIMIT_MS }).catch(whenCalledOff(url, signal)));
  return new Promise((resolve, reject) => {
    let sent: ClientRequest;
    try {
      sent = get(url, {
        signal,
        timeout: SILENCE_LIMIT_MS,
        headers: { "user-agent": "espx", ...headers },
        ...(extraCertificates !== undefined && { ca: authoritiesWith(extraCertificates) }),
        ...(tunnel !== undefined && { agent: false, socket: tunnel }),
      });
    } catch (error) {
      reject(unreachable(url, error));
      return;
    }
    sent.on("response", resolve);
    sent.on("timeout", () => sent.destroy(new Error(`silent for ${SILENCE_LIMIT_MS / 1000} s`)));
    sent.on("error", (error) => reject(translate(url, error, signal)));
  });
}

async function read(
  response: IncomingMessage,
  url: string,
  { begun, options }: { readonly begun: Begun; readonly options: DownloadOptions },
): Promise<Uint8Array> {
  const announced = begun.doneBytes + Number(response.headers["content-length"] ?? Number.NaN);
  const cut = (cause: unknown): EspxError =>
    cutShort(url, { done: begun.doneBytes, announced, cause, signal: options.signal });
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      begun.chunks.push(chunk);
      begun.doneBytes += chunk.length;
      if (begun.doneBytes > MAX_BYTES) throw refused(url, `sends more than ${MAX_BYTES} bytes`);
      options.onProgress(begun.doneBytes, Number.isNaN(announced) ? begun.doneBytes : announced);
    }
  } catch (error) {
    throw isEspxError(error) ? error : cut(error);
  }
  if (!Number.isNaN(announced) && begun.doneBytes !== announced) throw cut(undefined);
  return new Uint8Array(Buffer.concat(begun.chunks));
}

interface Cut {
  readonly done: number;
  readonly announced: number;
  readonly cause: unknown;
  readonly signal: AbortSignal;
}

function cutShort(url: string, { done, announced, cause, signal }: Cut): EspxError {
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

/** Passes on what went wrong, unless the download was called off. */
function whenCalledOff(url: string, signal: AbortSignal): (error: unknown) => never {
  return (error) => {
    throw signal.aborted ? new CanceledError("fetch/canceled", `fetching ${url} was canceled`) : error;
  };
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
