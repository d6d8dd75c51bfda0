/**
 * Whether a topic falls under a filter with `+` and `#`; wildcards at the start leave out topics that begin with `$`.
 *
 * @source MQTT 3.1.1 section 4.7
 */
export function matchesTopic(filter: string, topic: string): boolean {
  if (topic.startsWith("$") && /^[+#]/.test(filter)) return false;
  const [filters, levels] = [filter.split("/"), topic.split("/")];
  for (const [index, level] of filters.entries()) {
    if (level === "#") return true;
    if (index >= levels.length || (level !== "+" && level !== levels[index])) return false;
  }
  return filters.length === levels.length;
}
