/** Whether a topic fits a filter; `$` topics fit only filters that name them. Source: MQTT 3.1.1 section 4.7. */
export function fitsFilter(topic: string, filter: string): boolean {
  if (topic.startsWith("$") && !filter.startsWith("$")) return false;
  const levels = topic.split("/");
  const parts = filter.split("/");
  for (const [i, part] of parts.entries()) {
    if (part === "#") return true;
    if (i >= levels.length || (part !== "+" && part !== levels[i])) return false;
  }
  return levels.length === parts.length;
}
