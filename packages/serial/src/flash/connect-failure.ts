import { type EspxError, LinkError, formatLatin1 } from "@espx/proto";
import { printable } from "../printable.ts";

/** For boards whose circuit is not the usual one. */
const slowOrOther =
  "where EN rises late --reset-delay 2000 may do, and where its lines are wired otherwise --before with your own steps";

/** What was seen while a chip did not answer. */
export interface ConnectEvidence {
  readonly url: string;
  /** All that came, the end of it. */
  readonly received: Uint8Array;
  readonly receivedBytes: number;
  /** Whether the link could reset the board. */
  readonly canReset: boolean;
}

const byHand = "hold BOOT, tap EN (or RST), let BOOT go, and run the same again with --before no-reset";

/**
 * Why no chip answered, told from what came instead of answers.
 *
 * @returns LinkError `flash/nothing-received`, `flash/not-download-mode`, `flash/no-sync` or `flash/noise`
 */
export function connectFailure(evidence: ConnectEvidence): EspxError {
  const { url, received, receivedBytes, canReset } = evidence;
  const text = printable(received, 120).replaceAll(/\s+/g, " ").trim();
  const details = { url, receivedBytes, received: text, canReset };
  if (receivedBytes === 0) return nothing(evidence, details);
  const log = formatLatin1(received);
  const modes = [...log.matchAll(/boot:(0x[0-9a-f]+)(?: \(([A-Z0-9_/()]+))?/gi)];
  const mode = modes.at(-1);
  // A message may be cut short by the next reset.
  if (/waiting for download|\(DOWNLOAD/i.test(log.slice(mode?.index ?? 0))) return noSync(url, details);
  if (mode !== undefined) return wrongMode(mode, { url, canReset, details });
  return noise(text, url, { canReset, details });
}

type Details = Readonly<Record<string, unknown>>;

function nothing({ url, canReset }: ConnectEvidence, details: Details): EspxError {
  const message = canReset
    ? `nothing came from ${url}, whatever was tried`
    : `nothing came from ${url}, which cannot reset a board`;
  const look = "is it the right port, and a cable that carries data? RX and TX crossed?";
  return new LinkError("flash/nothing-received", message, { hint: `${look} Then ${byHand}`, details });
}

function noSync(url: string, details: Details): EspxError {
  return new LinkError("flash/no-sync", `the chip at ${url} waits in download mode, but hears nothing`, {
    hint: "the line from the computer's TX to the chip's RX is open, crossed, or driven by something else: look there",
    details,
  });
}

function wrongMode(
  [, code = "", name]: RegExpMatchArray,
  { url, canReset, details }: { readonly url: string; readonly canReset: boolean; readonly details: Details },
): EspxError {
  const mode = name === undefined ? code : `${code}, ${name.replace(/\)$/, "")}`;
  const why = canReset ? "resetting it did not bring it into download mode" : "this port cannot reset it";
  return new LinkError("flash/not-download-mode", `the chip at ${url} talks, but starts from flash (${mode}): ${why}`, {
    hint: `${byHand}; look also whether something else drives the boot pin${canReset ? `; ${slowOrOther}` : ""}`,
    details: { ...details, bootMode: code },
  });
}

function noise(
  text: string,
  url: string,
  { canReset, details }: { readonly canReset: boolean; readonly details: Details },
): EspxError {
  const hint = canReset
    ? `a running program, another baud rate, or a bad cable? Try a shorter cable; then ${byHand}`
    : `this port cannot reset the board: ${byHand}`;
  return new LinkError("flash/noise", `what came from ${url} is no answer of a boot loader: "${text}"`, {
    hint,
    details,
  });
}
