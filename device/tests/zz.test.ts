import { afterEach, it } from "vitest";
import { closeWorlds, library, makeBoard } from "./harness.ts";
afterEach(closeWorlds);
it("x", async () => {
  for (const [w, n] of [["p.poll(1000)", 1000], ["time.sleep(1)", 1000],["p.poll(1000)", 50]] as const) {
  const device = await makeBoard({ ...(await library()), "/main.py": `
import sys, select, time
p = select.poll()
p.register(sys.stdin, select.POLLIN)
for i in range(${n}):
    ${w}
print("done")
` });
  const t = Date.now();
  await device.powerOn(n*1000+100);
  console.log(w, n, Date.now()-t, device.said.slice(-1));
  }
});
