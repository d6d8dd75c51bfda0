import { InternalError } from "@espx/proto";
import type { BridgeCall } from "../vm/host-bridge.ts";
import { Interpreter } from "../vm/interpreter.ts";
import { BoardContext } from "./board-context.ts";
import { BoardConsole } from "./console/board-console.ts";
import { consoleCalls } from "./console/console-calls.ts";
import { Prompt } from "./console/prompt.ts";
import type { HostCalls } from "./context.ts";
import { ControlBlock } from "./control-block.ts";
import { adoptSource, bannerOf, softRebootText } from "./firmware-texts.ts";
import { interpreterClock } from "./interpreter-clock.ts";
import { bindSupport, loadSupport, supportHeapBytes } from "./load-support.ts";
import { CallbackQueue } from "./machine/callback-queue.ts";
import { hashCalls } from "./machine/hash-calls.ts";
import { machineCalls, SoftResetRequest } from "./machine/machine-calls.ts";
import { pinCalls } from "./machine/pin-calls.ts";
import { randomCalls } from "./machine/random-calls.ts";
import { rtcCalls } from "./machine/rtc-calls.ts";
import { timeCalls } from "./machine/time-calls.ts";
import { timerCalls } from "./machine/timer-calls.ts";
import { workerParts } from "./parts.ts";
import { sufferFaults } from "./program-faults.ts";
import { Programs } from "./programs.ts";
import type { StartData } from "./start-data.ts";
import { SupportFiles } from "./support-files.ts";

/** One boot of a board, from the ROM's first line to its end; never returns. */
export function runBoard(start: StartData): never {
  const context = new BoardContext(start, controlOf(start));
  const console = new BoardConsole(context, bannerOf(start.boot.firmware));
  const callbacks = new CallbackQueue(context);
  const softReset = new SoftResetRequest();
  const { calls, files } = assemble(context, [
    consoleCalls(context, console),
    machineCalls(context, start.boot, softReset),
    rtcCalls(context),
    timeCalls(context, start.boot.chipStartUs),
    timerCalls(context, callbacks),
    pinCalls(context, callbacks),
    hashCalls(context),
    randomCalls(context),
  ]);
  if (start.boot.cause !== "soft") console.output.print(start.boot.firmware.romText);
  const supported = new SupportFiles(files, start.python);
  const interpreter = new Interpreter({
    module: start.module,
    layout: start.layout,
    heapBytes: start.heapBytes + supportHeapBytes,
    files: supported,
    terminal: console,
    clock: interpreterClock(context, start.boot.chipStartUs),
    calls: { ...calls, firmware_show: (shown) => supported.show(shown === true) },
    image: start.image?.vm,
  });
  context.attach(interpreter);
  const references = start.image ?? loadSupport(interpreter, start.heapBytes);
  const support = bindSupport(interpreter, references);
  supported.show(false);
  callbacks.dispatchThrough(support.dispatch);
  if (start.image === undefined) context.post({ type: "image", image: { ...references, vm: interpreter.image() } });
  const adopt = adoptSource(start.boot.firmware);
  if (adopt !== undefined) interpreter.execute(adopt);
  sufferFaults(context, callbacks);
  context.post({ type: "loaded", memory: interpreter.memory.shared });
  const programs = new Programs(console, files, support, softReset);
  const outcome = programs.run(start.boot.rawRepl);
  const { rawRepl } =
    outcome === "soft-reset" ? start.boot : new Prompt(interpreter, console, softReset).run(start.boot.rawRepl);
  console.output.flush();
  console.handOver();
  console.output.print(softRebootText);
  interpreter.closeFiles();
  return context.stop({ kind: "soft-reset", rawRepl });
}

/** The world's own block lies before those of the boards. */
function controlOf({ control, seat }: StartData): ControlBlock {
  return new ControlBlock(control, seat === undefined ? 0 : seat + 1);
}

/** Joins the tables of the chip and of all parts; a name that two of them have is a mistake. */
function assemble(context: BoardContext, tables: readonly HostCalls[]) {
  const parts = workerParts.map((make) => make(context));
  const files = parts.flatMap(({ fileSystem }) => fileSystem ?? [])[0];
  if (files === undefined) throw new InternalError("sim/parts-broken", "no part of the board has its files");
  const calls = new Map<string, BridgeCall>();
  for (const table of [...tables, ...parts.map((part) => part.calls ?? {})]) {
    for (const [name, call] of Object.entries(table)) {
      if (calls.has(name))
        throw new InternalError("sim/parts-broken", `two parts of the board offer the host call ${name}`);
      calls.set(name, call as BridgeCall);
    }
  }
  return { calls: Object.fromEntries(calls), files };
}
