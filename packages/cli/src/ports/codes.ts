/** Codes that the adapters throw, each with its class and what it means; those of every link are in proto. */
export const portCodes = {
  "port/bad-url": { class: "UsageError", meaning: "a port's address is not what its scheme takes" },
  "port/unreachable": { class: "LinkError", meaning: "nobody answers at the address of a port on the network" },
  "port/unusable": { class: "LinkError", meaning: "a serial port exists but cannot be opened or set" },
  "port/not-rfc2217": { class: "LinkError", meaning: "what answers at the address does not serve a serial port" },
  "port/no-answer": { class: "LinkError", meaning: "a serial server did not answer a setting" },
  "port/setting-refused": { class: "LinkError", meaning: "a serial port does not take a baud rate" },
  "mqtt/bad-url": { class: "UsageError", meaning: "a broker's address is not one of MQTT" },
  "mqtt/unreachable": { class: "LinkError", meaning: "no broker answers at the address" },
  "mqtt/timeout": { class: "LinkError", meaning: "a broker took the connection but does not answer" },
  "mqtt/refused": { class: "LinkError", meaning: "a broker refuses the connection for now" },
  "mqtt/not-authorized": {
    class: "PermissionError",
    meaning: "a broker does not accept user, password or certificate, or forbids a topic",
  },
  "mqtt/certificate": { class: "VerifyError", meaning: "a broker's certificate does not prove who it is" },
  "mqtt/lost": { class: "LinkError", meaning: "the connection to a broker was lost before it confirmed something" },
  "mqtt/canceled": { class: "CanceledError", meaning: "connecting to a broker was called off" },
  "broker/port-busy": { class: "BusyError", meaning: "another program listens at the port of the embedded broker" },
  "broker/port-forbidden": {
    class: "PermissionError",
    meaning: "this user may not listen at the port of the embedded broker",
  },
} as const satisfies Readonly<Record<string, { readonly class: string; readonly meaning: string }>>;
