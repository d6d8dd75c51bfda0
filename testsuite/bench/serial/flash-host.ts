import { createHash } from "node:crypto";
import { FlashSession } from "@espx/serial";
import { chipModels, makeApplication } from "@espx/sim";
import { realClock } from "../../../packages/cli/src/clock.ts";
import { flashTools as tools } from "../../../packages/cli/src/ports/flash-tools.ts";
import { connectEsptoolJs } from "../../../packages/sim/test/chip/connect-esptool-js.ts";
import { LinkSerialPort } from "../../../packages/sim/test/chip/web-serial.ts";
import { compared, type FigureOptions, type Row } from "../../figures/row.ts";
import { median } from "../sim/call-costs.ts";
import { firmwareWith } from "./flash-bench.ts";
import { InstantLoader } from "./instant-loader.ts";

const runs = 5;
const address = 0x1000;
/** With the 60 KB before it, the whole has 1.7 MB. */
const applicationBytes = 1_640_000;

/** What the host itself needs for writing 1.7 MB to a chip that takes no time, over a line that takes none. */
export async function hostOverheadRows({ note }: FigureOptions): Promise<readonly Row[]> {
  const bytes = firmwareWith(makeApplication(chipModels.esp32, { sizeBytes: applicationBytes }));
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let run = 0; run < runs; run++) {
    ours.push(await timeOurs(bytes));
    theirs.push(await timeTheirs(bytes));
  }
  note(`raw ms, host overhead: espx ${ours.map(Math.round).join(" ")}; esptool-js ${theirs.map(Math.round).join(" ")}`);
  const measured = { suite: "serial", row: "host's part of writing 1.7 MB", value: median(ours), unit: "ms" };
  return [compared(measured, { name: "esptool-js", value: median(theirs), maxRatio: 0.15 })];
}

async function timeOurs(bytes: Uint8Array): Promise<number> {
  const options = { tools, before: "no-reset", baudRate: 115_200 } as const;
  const session = await FlashSession.connect(new InstantLoader({ address, bytes }), realClock, options);
  const began = performance.now();
  await session.write([{ address, bytes }]);
  return performance.now() - began;
}

async function timeTheirs(bytes: Uint8Array): Promise<number> {
  const port = new LinkSerialPort(new InstantLoader({ address, bytes }));
  const loader = await connectEsptoolJs(port, { baudrate: 115_200, before: "no_reset" });
  const began = performance.now();
  await loader.writeFlash({
    fileArray: [{ address, data: bytes }],
    flashSize: "keep",
    flashMode: "keep",
    flashFreq: "keep",
    eraseAll: false,
    compress: true,
    reportProgress: () => {},
    calculateMD5Hash: (image: Uint8Array) => createHash("md5").update(image).digest("hex"),
  });
  const tookMs = performance.now() - began;
  await loader.transport.disconnect();
  return tookMs;
}
