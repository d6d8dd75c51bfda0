import { defineCommand } from "../command.ts";

export default defineCommand({
  name: "sim list",
  summary: "list the virtual boards that run",
  examples: ["espx sim list"],
  async run(ctx) {
    const running = await (await ctx.outside.simControl()).list();
    for (const { name, urls, brokerUrl } of running) {
      ctx.out.emit({ kind: "board", device: name, data: { name, id: null, urls: [...urls], broker: brokerUrl } });
    }
    if (running.length === 0)
      ctx.out.emit({
        kind: "log",
        data: { level: "info", text: "no virtual board runs; start one with: espx sim kitchen" },
      });
    return { boards: running.length };
  },
});
