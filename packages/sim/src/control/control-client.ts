import { isEspxError, LinkError } from "@espx/proto";
import { connect } from "node:net";
import { type ControlRequest, readLines } from "./control-server.ts";
import type { RegistryEntry } from "./registry-entry.ts";
import { fromWireError, parseJson } from "./wire-error.ts";

const answerTimeoutMs = 10_000;

type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;

/**
 * Has a running simulator do one thing, and answers its result.
 *
 * @throws LinkError `sim/unreachable` when it does not answer within ten seconds; what the simulator threw otherwise
 */
export async function requestControl(entry: RegistryEntry, request: WithoutId<ControlRequest>): Promise<unknown> {
  const socket = connect(entry.controlPath);
  socket.setTimeout(answerTimeoutMs, () => socket.destroy(new Error(`no answer within ${answerTimeoutMs} ms`)));
  socket.write(`${JSON.stringify({ id: 1, ...request })}\n`);
  try {
    for await (const line of readLines(socket)) return parseAnswer(line);
  } catch (cause) {
    throw isEspxError(cause) ? cause : unreachable(entry, cause as Error);
  } finally {
    socket.destroy();
  }
  throw unreachable(entry, undefined);
}

function parseAnswer(line: string): unknown {
  const answer = parseJson(line) as Readonly<Record<string, unknown>> | null | undefined;
  if (answer?.["ok"] === true) return answer["result"];
  throw fromWireError(answer?.["error"]);
}

function unreachable(entry: RegistryEntry, cause: Error | undefined): LinkError {
  const why = cause?.message ?? "it closed the connection";
  return new LinkError("sim/unreachable", `simulator ${entry.name} (pid ${entry.pid}) does not answer: ${why}`, {
    hint: "look whether it still runs: espx ports",
    cause,
  });
}
