import type { ScriptedPeer } from "./net-script.ts";
import type { ServerHandler, ServerSide } from "./server-side.ts";

/** A connection to a peer that follows its few lines of script. */
export function scriptedPeer({ banner, echo = false, closeAfterBytes }: ScriptedPeer, side: ServerSide): ServerHandler {
  let receivedBytes = 0;
  if (banner !== undefined) side.send(banner);
  return {
    feed: (bytes) => {
      receivedBytes += bytes.length;
      if (echo) side.send(bytes);
      if (closeAfterBytes !== undefined && receivedBytes >= closeAfterBytes) side.close();
    },
    closed: () => {},
  };
}
