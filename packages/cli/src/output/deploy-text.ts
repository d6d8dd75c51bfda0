import type { DeployEventKind } from "../deploy-events.ts";
import type { EspxEvent, EventData } from "../events.ts";
import type { Palette } from "./human.ts";
import { type Line, remark, result } from "./line.ts";
import { formatBytes, formatDuration, plural } from "./sizes.ts";

/** What a person is shown of a deploy. */
export function formatDeployEvent(
  event: EspxEvent & { readonly kind: DeployEventKind },
  palette: Palette,
  isVerbose: boolean,
): Line {
  switch (event.kind) {
    case "inventory":
      return remark(formatInventory(event.data));
    case "running":
      return remark(formatRunning(event.data));
    case "release":
      return remark(formatRelease(event.data));
    case "plan":
      return remark(formatPlan(event.data, isVerbose));
    case "deployed":
      return result(
        `${event.device === undefined ? "" : `${palette.strong(event.device)}  `}${formatDeployed(event.data, palette)}`,
      );
    case "watching":
      return remark(formatWatching(event.data));
    case "saved":
      return remark(formatSaved(event.data, palette));
    case "rejected":
      return remark(formatRejected(event.data, palette));
  }
}

function formatWatching({ port, release, slot, files }: EventData<"watching">): string {
  const where = slot === null ? "" : ` in slot ${slot}`;
  return `${port} runs ${release}${where}; ${plural(files, "file")} watched, Ctrl-C ends`;
}

function formatSaved({ paths, sentBytes, durationMs }: EventData<"saved">, palette: Palette): string {
  const names = paths.length <= 4 ? paths.join(" ") : `${paths.slice(0, 3).join(" ")} and ${paths.length - 3} more`;
  return `${palette.good(names)}  ${formatBytes(sentBytes)} in ${formatDuration(durationMs)}, started anew`;
}

function formatRejected(data: EventData<"rejected">, palette: Palette): string {
  const place = [data.file, data.line, data.column].filter((part) => part !== null).join(":");
  const lines = [
    `${palette.bad("not sent:")} ${data.message}`,
    ...(place === "" ? [] : [`  at ${place}`]),
    ...(data.excerpt ?? "")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => `  ${line}`),
    ...(data.hint === null ? [] : [`  do this: ${data.hint}`]),
  ];
  return lines.join("\n");
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

function formatPlan(data: EventData<"plan">, isVerbose: boolean): string {
  if (data.upToDate) {
    const has = data.slot === null ? "has these files" : "runs this release";
    return `nothing to do: the board already ${has}`;
  }
  const puts = data.steps.filter((step) => step.kind === "put");
  const removes = data.slot === null ? data.steps.filter((step) => step.kind === "remove").length : 0;
  const where = data.slot === null ? "onto the board" : `into slot ${data.slot}`;
  const gone = removes === 0 ? "" : `, ${removes} to remove`;
  const head = `${where}: ${plural(puts.length, "file")}, ${formatBytes(data.sendBytes)} to send${gone}`;
  if (!isVerbose) return head;
  const lines = data.steps.map(
    (step) =>
      `  ${step.kind} ${step.path ?? ""}${step.source === null ? "" : `  ${step.source}, ${formatBytes(step.sizeBytes)}`}`,
  );
  return [head, ...lines].join("\n");
}

function formatDeployed(data: EventData<"deployed">, palette: Palette): string {
  const state = data.state === "trial" ? "on trial" : data.state === "placed" ? "is in place" : data.state;
  const sent = data.sentBytes === 0 ? "" : `, ${formatBytes(data.sentBytes)} in ${formatDuration(data.durationMs)}`;
  const slot = data.slot === null ? "" : ` in slot ${data.slot}`;
  return `${palette.good(data.release)}${slot} ${state}${sent}`;
}
