import type { EspxEvent, EventData } from "../events.ts";
import { formatFlashEvent } from "./flash-text.ts";
import { type Line, remark, result } from "./line.ts";
import type { Look, Output, Sinks } from "./output.ts";
import type { ProgressBar } from "./progress.ts";
import type { Redactor } from "./redactor.ts";
import { formatScenario } from "./scenario-text.ts";
import { formatSize } from "./size-text.ts";
import { formatBytes, formatDuration, plural } from "./sizes.ts";

/** Colours that the output uses by meaning; without colour each returns its text. */
export interface Palette {
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
}

/** What the human output is made with. */
export interface HumanOptions {
  readonly look: Look;
  readonly palette: Palette;
  readonly redactor: Redactor;
  readonly bar: ProgressBar | null;
}

/** Writes events as lines for a person: results to stdout, the rest to stderr. */
export function createHumanOutput(sinks: Sinks, { look, palette, redactor, bar }: HumanOptions): Output {
  return {
    json: false,
    emit(event) {
      if (event.kind === "progress") {
        bar?.update(event.data);
        return;
      }
      const line = formatEvent(event, look, palette);
      if (line === null || (look.quiet && line.stream === "stderr")) return;
      bar?.clear();
      sinks[line.stream](redactor.text(line.text));
    },
    raw: (bytes) => sinks.stdout(bytes),
    settle: () => bar?.clear(),
  };
}

function formatFault({ name, description, example }: EventData<"fault">, palette: Palette): string {
  const way = example === undefined ? "" : `\n    ${palette.faint(`espx sim fault NAME ${example}`)}`;
  return `${palette.strong(name)}  ${description}${way}`;
}

function formatEvent(event: EspxEvent, look: Look, palette: Palette): Line | null {
  switch (event.kind) {
    case "log":
      return formatLog(event.data, look, palette);
    case "port":
      return result(`${event.data.url}  ${palette.faint(event.data.description)}`);
    case "board":
      return result(
        `${palette.strong(event.data.name)}  ${event.data.urls.join("  ")}  ${palette.faint(`broker ${event.data.broker}`)}`,
      );
    case "stopped":
      return remark(`${event.data.name} stopped`);
    case "inventory":
      return remark(formatInventory(event.data));
    case "running":
      return remark(formatRunning(event.data));
    case "release":
      return remark(formatRelease(event.data));
    case "plan":
      return formatPlan(event.data, look);
    case "deployed":
      return result(formatDeployed(event.data, palette));
    case "file":
      return result(
        `${event.data.path}  ${formatBytes(event.data.sizeBytes)}${event.data.unchanged ? "  unchanged" : ""}`,
      );
    case "output":
      return { stream: event.data.stream, text: event.data.text };
    case "message":
      return result(`${palette.strong(event.data.topic)} ${event.data.payload}`);
    case "published":
      return remark(`${event.data.topic} ${event.data.payload}`);
    case "pin":
      return result(`${event.data.board} pin ${event.data.pin} is ${event.data.value}`);
    case "fault":
      return result(formatFault(event.data, palette));
    case "power":
      return result(`${event.data.board} power ${event.data.action}`);
    case "step":
      return result(`\n${palette.strong(`${event.data.number}/${event.data.total} ${event.data.title}`)}`);
    case "shown":
      return result(`  ${palette.good("✓")} ${event.data.text}`);
    case "size":
      return result(formatSize(event.data, palette));
    case "scenario":
      return result(formatScenario(event.data, palette));
    case "image":
    case "partitions":
    case "firmware":
    case "offer":
    case "chip":
    case "flash-plan":
    case "flashed":
    case "written":
      return formatFlashEvent(event, palette, look.verbose);
    case "progress":
    case "error":
    case "result":
      return null;
  }
}

function formatLog({ level, text }: EventData<"log">, look: Look, palette: Palette): Line | null {
  if (level === "detail") return look.verbose ? remark(palette.faint(text)) : null;
  return remark(level === "warning" ? `${palette.bad("warning:")} ${text}` : text);
}

function formatInventory(data: EventData<"inventory">): string {
  const runs = data.slot === null ? "no espx program" : `slot ${data.slot} (${data.state})`;
  return `${data.port}: ${data.board}, MicroPython ${data.version}, id ${data.id}, ${runs}, ${formatBytes(data.freeBytes)} free`;
}

function formatRunning({ id, port, release, slot, state }: EventData<"running">): string {
  return `${port}: id ${id}, ${release} in slot ${slot} (${state}); asked while it runs, nothing on it has changed`;
}

function formatRelease(data: EventData<"release">): string {
  const compiled = data.compiled === 0 ? "" : `, ${data.compiled} compiled (${data.fromCache} from the cache)`;
  return `release ${data.release}: ${plural(data.files, "file")}, ${formatBytes(data.sizeBytes)}${compiled}`;
}

function formatPlan(data: EventData<"plan">, look: Look): Line | null {
  if (data.upToDate) {
    const has = data.slot === null ? "has these files" : "runs this release";
    return remark(`nothing to do: the board already ${has}`);
  }
  const puts = data.steps.filter((step) => step.kind === "put");
  const removes = data.slot === null ? data.steps.filter((step) => step.kind === "remove").length : 0;
  const where = data.slot === null ? "onto the board" : `into slot ${data.slot}`;
  const gone = removes === 0 ? "" : `, ${removes} to remove`;
  const head = `${where}: ${plural(puts.length, "file")}, ${formatBytes(data.sendBytes)} to send${gone}`;
  if (!look.verbose) return remark(head);
  const lines = data.steps.map(
    (step) =>
      `  ${step.kind} ${step.path ?? ""}${step.source === null ? "" : `  ${step.source}, ${formatBytes(step.sizeBytes)}`}`,
  );
  return remark([head, ...lines].join("\n"));
}

function formatDeployed(data: EventData<"deployed">, palette: Palette): string {
  const state = data.state === "trial" ? "on trial" : data.state === "placed" ? "is in place" : data.state;
  const sent = data.sentBytes === 0 ? "" : `, ${formatBytes(data.sentBytes)} in ${formatDuration(data.durationMs)}`;
  const slot = data.slot === null ? "" : ` in slot ${data.slot}`;
  return `${palette.good(data.release)}${slot} ${state}${sent}`;
}
