import { FlashHost } from "../../src/flash/flash-host.ts";

/** Keeps changing a kept flash until it is killed. */
const [, , stateFile = ""] = process.argv;
const host = new FlashHost({ stateFile });
let count = 0;
setInterval(() => {
  count += 1;
  for (const name of ["/one", "/two"]) host.write(name, `${count} `.repeat(50_000));
  if (count === 3) process.stdout.write("writing\n");
}, 5);
