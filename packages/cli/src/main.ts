#!/usr/bin/env node
import { version } from "./version.ts";

const argv = process.argv.slice(2);

if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
  process.stdout.write(`${version}\n`);
} else {
  const { keepCompiledCode } = await import("./compiled-code.ts");
  keepCompiledCode(process.env);
  const { runProcess } = await import("./process.ts");
  process.exit(await runProcess(argv));
}
