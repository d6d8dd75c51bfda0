import { defineCommand } from "../command.ts";

export default defineCommand({
  name: "ports",
  summary: "list the ports at which boards may be",
  description: "Lists serial ports and running virtual boards. No port is opened, so no board is reset.",
  examples: ["espx ports", "espx ports --json"],
  flags: { all: { short: "a", description: "also ports whose adapter is not one that ESP32 boards carry" } },
  async run(ctx, { flags }) {
    const ports = (await ctx.outside.listPorts()).filter((port) => port.known || flags.all);
    for (const { url, description, known, vendorId, productId, serialNumber } of ports) {
      const usb = { vendorId: vendorId ?? null, productId: productId ?? null, serialNumber: serialNumber ?? null };
      ctx.out.emit({ kind: "port", data: { url, description, known, ...usb } });
    }
    if (ports.length === 0) {
      const text =
        "no port with a board is there; espx ports --all shows every port, espx sim kitchen starts a virtual board";
      ctx.out.emit({ kind: "log", data: { level: "info", text } });
    }
    return { ports: ports.length };
  },
});
