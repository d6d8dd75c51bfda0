import { type PortInfo, UsageError } from "@espx/proto";

/** One condition on a port, in esptool's words. */
type PortFilter =
  | { readonly key: "vid" | "pid"; readonly value: number }
  | { readonly key: "serial" | "name"; readonly value: string };

/**
 * Reads `vid=0x10c4`, `pid=0xea60`, `serial=0001`, `name=USB0`; several may stand in one text, with commas or blanks between.
 *
 * @throws UsageError `cli/flag-value`
 */
export function parseFilters(texts: readonly string[]): readonly PortFilter[] {
  return texts.flatMap((text) => text.split(/[\s,]+/).filter((word) => word !== "")).map(parseFilter);
}

function parseFilter(text: string): PortFilter {
  const [, key, value] = /^(vid|pid|serial|name)=(.+)$/.exec(text) ?? [];
  if ((key === "serial" || key === "name") && value !== undefined) return { key, value };
  const number = /^(0x[0-9a-f]{1,4}|\d{1,5})$/i.test(value ?? "") ? Number(value) : Number.NaN;
  if ((key === "vid" || key === "pid") && number <= 0xffff) return { key, value: number };
  throw new UsageError("cli/flag-value", `--filter takes vid=, pid=, serial= or name= with a value, got "${text}"`, {
    hint: "for example --filter vid=0x10c4 --filter serial=0001; espx ports --json shows them",
  });
}

/** A port must meet every kind of condition, and of several of one kind any; texts need to be part of it. */
export function matchesFilters(port: PortInfo, filters: readonly PortFilter[]): boolean {
  const keys = new Set(filters.map(({ key }) => key));
  return [...keys].every((key) => filters.some((filter) => filter.key === key && meets(port, filter)));
}

function meets(port: PortInfo, { key, value }: PortFilter): boolean {
  switch (key) {
    case "vid":
      return port.vendorId === value;
    case "pid":
      return port.productId === value;
    case "serial":
      return port.serialNumber?.includes(value) ?? false;
    case "name":
      return port.url.includes(value) || port.description.includes(value);
  }
}
