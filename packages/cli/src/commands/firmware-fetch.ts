import { defineCommand } from "../command.ts";
import { fetchNamed } from "../jobs/fetch-firmware.ts";
import { argument } from "./_flags.ts";

export default defineCommand({
  name: "firmware fetch",
  summary: "fetch a firmware into the cache",
  description:
    "Fetches a firmware over TLS, checks it, and keeps it in the cache, so that it can be flashed without a network. One whose hash is not known needs a yes; its hash is then required by espx.lock.",
  examples: ["espx firmware fetch ESP32_GENERIC", "espx firmware fetch ESP32_GENERIC --variant OTA --yes"],
  args: [{ name: "board", description: "a board of the catalogue" }],
  flags: {
    variant: { value: "name", description: "variant of the build, for example SPIRAM; the plain one unless given" },
    release: { value: "version", description: "version of MicroPython, for example 1.28.0; the newest unless given" },
    locked: { description: "refuse a firmware whose hash is not known" },
  },
  destroys: true,
  run: (ctx, { args, flags }) =>
    fetchNamed(ctx, {
      board: argument(args, 0),
      variant: flags.variant,
      version: flags.release,
      locked: flags.locked,
    }),
});
