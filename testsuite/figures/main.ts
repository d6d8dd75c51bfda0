// npm run bench | soak -- SUITE [--json] [--sample] [--seed N]
import { parseArgs } from "node:util";
import type { Row, Suite } from "./row.ts";
import { formatTable } from "./table.ts";

type Suites = Readonly<Record<string, () => Promise<Suite>>>;

const bench: Suites = {
  start: async () => (await import("../bench/start.ts")).start,
  serial: async () => (await import("../bench/serial.ts")).serial,
  sim: async () => (await import("../bench/sim.ts")).sim,
};
const soak: Suites = {
  cable: async () => (await import("../cable/cable.ts")).cable,
  fuzz: async () => (await import("../fuzz/image.ts")).imageFuzz,
  powercut: async () => (await import("../powercut/powercut.ts")).powercut,
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean" }, sample: { type: "boolean" }, seed: { type: "string" } },
});
const [kind = "", ...names] = positionals;
const suites = kind === "bench" ? bench : soak;
const unknown = names.filter((name) => !(name in suites));
if (names.length === 0 || unknown.length > 0) {
  console.error(
    `usage: npm run ${kind} -- SUITE… [--json] [--sample] [--seed N]; suites: ${Object.keys(suites).join(", ")}`,
  );
  process.exit(2);
}

const rows: Row[] = [];
for (const name of names) {
  const suite = await suites[name]?.();
  const options = {
    sample: values.sample ?? false,
    seed: Number(values.seed ?? 1),
    note: (text: string) => console.error(text),
  };
  rows.push(...((await suite?.(options)) ?? []));
}
console.log(values.json === true ? rows.map((row) => JSON.stringify(row)).join("\n") : formatTable(rows));
process.exit(rows.some((row) => row.met === false) ? 1 : 0);
