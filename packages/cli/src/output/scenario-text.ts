import type { EventData } from "../events.ts";
import type { Palette } from "./human.ts";
import { formatDuration } from "./sizes.ts";

/** One scenario's end: a line, and for one that failed its place, what was expected and seen, and the console. */
export function formatScenario(
  { profile, name, file, passed, virtualMs, durationMs, failure }: EventData<"scenario">,
  palette: Palette,
): string {
  const times = palette.faint(`${formatDuration(virtualMs)} in ${formatDuration(durationMs)}`);
  const head = `${passed ? palette.good("✓") : palette.bad("✗")} ${profile}/${name}  ${times}`;
  if (failure === null) return head;
  const place = failure.line === null ? file : `${file}:${failure.line}`;
  const facts =
    failure.expected === null
      ? [`  ${failure.message} (${failure.code})`]
      : [`  expected ${failure.expected}`, `  seen     ${failure.seen}`];
  const console =
    failure.console.length === 0
      ? []
      : ["  the console said last:", ...failure.console.map((line) => palette.faint(`  | ${line}`))];
  return [
    head,
    `  at ${place}${failure.statement === null ? "" : `: ${failure.statement}`}`,
    ...facts,
    ...console,
  ].join("\n");
}
