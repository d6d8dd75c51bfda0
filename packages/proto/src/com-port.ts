import { ByteReader, ByteWriter } from "./bytes.ts";
import { ProtocolError } from "./errors.ts";
import { encodeTelnetSubnegotiation, telnetOptions } from "./telnet.ts";

/** Commands of the COM-PORT option with one number each: code and width of the number in bytes. */
const numbered = {
  "baud-rate": { code: 1, widthBytes: 4 },
  "data-size": { code: 2, widthBytes: 1 },
  parity: { code: 3, widthBytes: 1 },
  "stop-size": { code: 4, widthBytes: 1 },
  control: { code: 5, widthBytes: 1 },
  "line-state": { code: 6, widthBytes: 1 },
  "modem-state": { code: 7, widthBytes: 1 },
  suspend: { code: 8, widthBytes: 0 },
  resume: { code: 9, widthBytes: 0 },
  "line-state-mask": { code: 10, widthBytes: 1 },
  "modem-state-mask": { code: 11, widthBytes: 1 },
  purge: { code: 12, widthBytes: 1 },
} as const;

type Numbered = keyof typeof numbered;

/** What a client says to a server (`request`), or a server to a client (`reply`: the same codes plus 100). */
export type ComPortDirection = "request" | "reply";

/**
 * One message of the COM-PORT option.
 *
 * `value` is the number of the command: bits a second, data bits 5 to 8, parity 1 none 2 odd 3 even 4 mark 5 space, stop bits 1 or 2
 * (3: one and a half), a {@link ComPortControl}, or 1 receive, 2 transmit, 3 both buffers; 0 in a request asks for what is set.
 * `suspend` and `resume` have none and say 0.
 */
export type ComPortMessage = { readonly direction: ComPortDirection } & (
  | { readonly kind: Numbered; readonly value: number }
  | { readonly kind: "signature"; readonly text: string }
  | { readonly kind: "unknown"; readonly raw: Uint8Array }
);

/** Values of the `control` message that concern flow and modem lines. */
export const ComPortControl = {
  askFlow: 0,
  noFlow: 1,
  askBreak: 4,
  breakOn: 5,
  breakOff: 6,
  askDtr: 7,
  dtrOn: 8,
  dtrOff: 9,
  askRts: 10,
  rtsOn: 11,
  rtsOff: 12,
} as const;

const replyOffset = 100;
const signatureCode = 0;

/**
 * Reads the bytes of a COM-PORT subnegotiation, without option number and telnet escapes.
 *
 * @throws ProtocolError `proto/truncated` when empty or shorter than its command needs,
 *   `proto/bad-length` when longer
 * @source RFC 2217 section 3
 */
export function decodeComPort(bytes: Uint8Array): ComPortMessage {
  const reader = new ByteReader(bytes);
  const first = reader.u8();
  const direction = first >= replyOffset ? "reply" : "request";
  const code = direction === "reply" ? first - replyOffset : first;
  if (code === signatureCode) {
    return { direction, kind: "signature", text: new TextDecoder().decode(reader.bytes(reader.remaining)) };
  }
  for (const [kind, shape] of Object.entries(numbered) as [Numbered, (typeof numbered)[Numbered]][]) {
    if (shape.code !== code) continue;
    let value = 0;
    for (let i = 0; i < shape.widthBytes; i++) value = value * 256 + reader.u8();
    if (reader.remaining > 0) {
      throw new ProtocolError(
        "proto/bad-length",
        `${kind} has ${bytes.length - 1} bytes, expected ${shape.widthBytes}`,
      );
    }
    return { direction, kind, value };
  }
  return { direction, kind: "unknown", raw: bytes.slice() };
}

/** The whole telnet subnegotiation of `message`, escapes included. */
export function encodeComPort(message: ComPortMessage): Uint8Array {
  return encodeTelnetSubnegotiation(telnetOptions.comPort, encodeBody(message));
}

function encodeBody(message: ComPortMessage): Uint8Array {
  if (message.kind === "unknown") return message.raw;
  const offset = message.direction === "reply" ? replyOffset : 0;
  if (message.kind === "signature") {
    return Uint8Array.of(signatureCode + offset, ...new TextEncoder().encode(message.text));
  }
  const { code, widthBytes } = numbered[message.kind];
  const writer = new ByteWriter(1 + widthBytes).u8(code + offset);
  for (let shift = widthBytes - 1; shift >= 0; shift--) writer.u8(Math.floor(message.value / 256 ** shift) % 256);
  return writer.take();
}
