import type { EspxEvent, EventData } from "../events.ts";
import type { BoardLines } from "./board-lines.ts";
import { formatDeployEvent } from "./deploy-text.ts";
import { formatFlashEvent, isFlashEvent } from "./flash-text.ts";
import { type Line, remark, result } from "./line.ts";
import type { Look, Output, Sinks } from "./output.ts";
import type { ProgressBar } from "./progress.ts";
import type { Redactor } from "./redactor.ts";
import { formatScenario } from "./scenario-text.ts";
import { formatSize } from "./size-text.ts";
import { formatBytes } from "./sizes.ts";

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
  /** Instead of the bar when several boards are worked on at once. */
  readonly lines: BoardLines | null;
}

/** Writes events as lines for a person: results to stdout, the rest to stderr. */
export function createHumanOutput(sinks: Sinks, { look, palette, redactor, bar, lines }: HumanOptions): Output {
  const settle = (): void => {
    bar?.clear();
    lines?.clear();
  };
  return {
    json: false,
    emit(event) {
      if (event.kind === "progress") {
        if (event.device === undefined) bar?.update(event.data);
        else lines?.update(event.device, event.data);
        return;
      }
      if (event.device !== undefined && endsWork.has(event.kind)) lines?.finish(event.device);
      const line = formatEvent(event, look, palette);
      if (line === null || (look.quiet && line.stream === "stderr")) return;
      settle();
      sinks[line.stream](redactor.text(line.text));
    },
    raw: (bytes) => sinks.stdout(bytes),
    settle,
  };
}

/** What a board's line of progress ends with. */
const endsWork: ReadonlySet<EspxEvent["kind"]> = new Set(["flashed", "deployed", "failed"]);

function formatFault({ name, description, example }: EventData<"fault">, palette: Palette): string {
  const way = example === undefined ? "" : `\n    ${palette.faint(`espx sim fault NAME ${example}`)}`;
  return `${palette.strong(name)}  ${description}${way}`;
}

function formatEvent(event: EspxEvent, look: Look, palette: Palette): Line | null {
  if (isFlashEvent(event)) return formatFlashEvent(event, palette, look.verbose);
  switch (event.kind) {
    case "log":
      return formatLog(event.data, look, palette);
    case "port":
      return result(formatPort(event.data, palette));
    case "board":
      return result(
        `${palette.strong(event.data.name)}  ${event.data.urls.join("  ")}  ${palette.faint(`broker ${event.data.broker}`)}`,
      );
    case "stopped":
      return remark(`${event.data.name} stopped`);
    case "inventory":
    case "running":
    case "release":
    case "plan":
    case "deployed":
    case "watching":
    case "saved":
    case "rejected":
      return formatDeployEvent(event, palette, look.verbose);
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
    case "progress":
    case "error":
    case "result":
      return null;
  }
}

function formatPort({ url, description, change }: EventData<"port">, palette: Palette): string {
  const sign = change === null ? "" : change === "added" ? palette.good("+ ") : palette.bad("- ");
  return `${sign}${url}  ${palette.faint(description)}`;
}

function formatLog({ level, text }: EventData<"log">, look: Look, palette: Palette): Line | null {
  if (level === "detail") return look.verbose ? remark(palette.faint(text)) : null;
  return remark(level === "warning" ? `${palette.bad("warning:")} ${text}` : text);
}
