import { spawn } from "node:child_process";

/** Runs a program to its end, as a user with a home of their own. */
export function secondsOf([command, ...args]: readonly string[], home: string, cwd = home): Promise<number> {
  const env = { PATH: process.env["PATH"], HOME: home, NO_COLOR: "1" };
  const began = performance.now();
  const child = spawn(command as string, args, { env, cwd, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once("close", (code) => {
      if (code === 0) resolve((performance.now() - began) / 1000);
      else reject(new Error(`${command} ${args.join(" ")} ended with ${code}: ${said}`));
    });
  });
}
