import { CanceledError, type EspxError, isEspxError, LinkError, PermissionError, VerifyError } from "@espx/proto";
import { maskUrl } from "./mask-url.ts";

/** Return codes of CONNACK, MQTT 3.1.1 section 3.2.2.3 and their like in MQTT 5. */
const notAuthorized = new Set([4, 5, 0x86, 0x87]);

const hints: Readonly<Record<string, string>> = {
  ECONNREFUSED: "start the broker, or look at its host and port",
  ENOTFOUND: "look at the host's name",
  EHOSTUNREACH: "look at the address and the network",
};

/** What went wrong while connecting to the broker at `url`, in the words of espx and without its secrets. */
export function translateMqttError(cause: unknown, url: string): EspxError {
  if (isEspxError(cause)) return cause;
  const broker = maskUrl(url);
  const error = cause instanceof Error ? cause : new Error(String(cause));
  const code: unknown = (error as { readonly code?: unknown }).code;
  const details = { broker };
  if (typeof code === "number") {
    if (!notAuthorized.has(code)) {
      return new LinkError("mqtt/refused", `${broker} refuses the connection (code ${code}): ${error.message}`, {
        details,
      });
    }
    const hint = "look at user and password in espx.yaml, or in the broker's password file";
    return new PermissionError("mqtt/not-authorized", `${broker} does not accept user and password (code ${code})`, {
      hint,
      details,
    });
  }
  if (typeof code === "string" && /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/.test(code))
    return certificateError(code, error, broker);
  if (/connack timeout/i.test(error.message)) return mqttTimeout(url);
  const hint = hints[String(code)];
  const why =
    code === "ECONNREFUSED" ? "nobody listens there" : code === "ENOTFOUND" ? "there is no such host" : error.message;
  return new LinkError("mqtt/unreachable", `cannot reach the broker ${broker}: ${why}`, {
    ...(hint === undefined ? {} : { hint }),
    details,
    cause,
  });
}

export function mqttTimeout(url: string): LinkError {
  return new LinkError("mqtt/timeout", `${maskUrl(url)} takes connections but does not answer as an MQTT broker`, {
    hint: "look at the port; 1883 is plain MQTT, 8883 needs mqtts://",
    details: { broker: maskUrl(url) },
  });
}

export function mqttCanceled(url: string): CanceledError {
  return new CanceledError("mqtt/canceled", `connecting to ${maskUrl(url)} was canceled`);
}

function certificateError(code: string, error: Error, broker: string): EspxError {
  if (/ALERT|REQUIRED/.test(code)) {
    return new PermissionError("mqtt/not-authorized", `${broker} does not accept our certificate (${code})`, {
      hint: "give a client certificate and key that the broker's authority has signed",
      details: { broker },
      cause: error,
    });
  }
  return new VerifyError("mqtt/certificate", `${broker} cannot prove who it is: ${error.message} (${code})`, {
    hint: "name the authority that signed its certificate, and use the host's name that stands in it",
    details: { broker },
    cause: error,
  });
}
