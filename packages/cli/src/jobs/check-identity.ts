import { RefusedError } from "@espx/proto";
import type { DeviceEntry } from "../project/project.ts";
import type { Board } from "./board.ts";
import type { Context } from "../context.ts";

/**
 * Holds the id of a board against that of the device that was named.
 *
 * @throws RefusedError `cli/wrong-board`
 */
export function checkIdentity(device: DeviceEntry | null, id: string, url: string): void {
  if (device?.id === undefined || device.id === id) return;
  throw new RefusedError("cli/wrong-board", `the board at ${url} has the id ${id}, ${device.name} is ${device.id}`, {
    hint: `name the port of ${device.name} with --port, or correct its id in espx.yaml`,
    details: { expected: device.id, got: id },
  });
}

/** Asks a board for its id before anything is done to it, where the device that was named has one. */
export async function checkBoard(ctx: Context, board: Board, device: DeviceEntry | null): Promise<void> {
  if (device?.id === undefined) return;
  const repl = await board.transport.repl(ctx.signal);
  let printed = "";
  const onOutput = (bytes: Uint8Array): void => void (printed += new TextDecoder().decode(bytes));
  await repl.exec(ASK_ID, { onOutput, timeoutMs: 10_000, signal: ctx.signal });
  checkIdentity(device, printed.trim(), board.url);
}

const ASK_ID = "import machine,binascii\nprint(binascii.hexlify(machine.unique_id()).decode())\n";
