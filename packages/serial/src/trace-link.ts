import type { Clock, LinkListener, SerialLink } from "@espx/proto";

/** Something that went over a link, or was done to it. */
export type TraceEntry = { readonly atMs: number } & (
  | { readonly kind: "sent" | "received"; readonly bytes: Uint8Array }
  | { readonly kind: "lines"; readonly dtr: boolean; readonly rts: boolean; readonly done: boolean }
  | { readonly kind: "baud"; readonly baudRate: number }
  | { readonly kind: "closed" | "reopened" }
);

/** A link that tells `record` of every byte and setting, with its time on the clock. */
export function traceLink(link: SerialLink, clock: Clock, record: (entry: TraceEntry) => void): SerialLink {
  const stop = link.listen({
    chunk: (bytes) => record({ kind: "received", bytes, atMs: clock.now() }),
    closed: () => record({ kind: "closed", atMs: clock.now() }),
  });
  return {
    url: link.url,
    traits: link.traits,
    listen: (listener: LinkListener) => link.listen(listener),
    write: (bytes) => {
      record({ kind: "sent", bytes, atMs: clock.now() });
      return link.write(bytes);
    },
    drain: () => link.drain(),
    setSignals: async (signals) => {
      const done = await link.setSignals(signals);
      record({ kind: "lines", ...signals, done, atMs: clock.now() });
      return done;
    },
    setBaud: async (baudRate) => {
      await link.setBaud(baudRate);
      record({ kind: "baud", baudRate, atMs: clock.now() });
    },
    reopen: async () => {
      await link.reopen();
      record({ kind: "reopened", atMs: clock.now() });
    },
    close: () => {
      stop();
      return link.close();
    },
  };
}

/** One line of text: seconds, direction, bytes in hexadecimal. */
export function formatTrace(entry: TraceEntry, startMs: number): string {
  const at = ((entry.atMs - startMs) / 1000).toFixed(6).padStart(12);
  switch (entry.kind) {
    case "sent":
    case "received":
      return `${at} ${entry.kind === "sent" ? ">" : "<"} ${String(entry.bytes.length).padStart(5)}  ${hex(entry.bytes)}`;
    case "lines":
      return `${at} = dtr ${Number(entry.dtr)} rts ${Number(entry.rts)}${entry.done ? "" : " (this port has no such lines)"}`;
    case "baud":
      return `${at} = ${entry.baudRate} baud`;
    case "closed":
    case "reopened":
      return `${at} = ${entry.kind}`;
  }
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
