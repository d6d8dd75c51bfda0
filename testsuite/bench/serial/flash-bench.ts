import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeEspImage, encodeEspImage } from "@espx/image";
import { chipModels, makeApplication } from "@espx/sim";
import { firmwareParts } from "../../../packages/cli/test/_firmware.ts";
import { builtEspx, type Home, makeHome } from "../../e2e/_espx.ts";

/** Where the boot loader of the bench's chip lies: the file begins there. */
const start = 0x1000;
const tableAddress = 0x8000;
const applicationAddress = 0x10000;
const byHand = ["--before", "no-reset", "--after", "no-reset"] as const;

/** Virtual boards behind pseudo-terminals, their chips held in download mode. */
export interface FlashBench extends AsyncDisposable {
  readonly names: readonly string[];
  /** Puts a board's chip into its ROM loader; its flash stays. */
  toLoader(name: string): Promise<void>;
  /** Erases a board's chip and puts it into its ROM loader. */
  blank(name: string): Promise<void>;
  /** ms that `espx flash` takes, from its start to its end. */
  espx(name: string, file: string): Promise<number>;
  /** ms that `esptool write-flash` takes. */
  esptool(name: string, file: string, ...flags: readonly string[]): Promise<number>;
}

/** The files of the bench: a firmware with an application of 1.5 MB, and the same with one other byte in that. */
export const benchFiles = { whole: "firmware.bin", changed: "changed.bin" } as const;

/** Starts boards whose lines pass bytes at `baudRate`; as fast as they can when that is undefined. */
export async function openFlashBench(
  names: readonly string[],
  baudRate: number | undefined,
  python: string,
): Promise<FlashBench> {
  const home = await makeHome();
  await putFirmware(home);
  const paths = await startBoards(home, names, baudRate);
  const path = (name: string): string => paths.get(name) ?? "";
  const toLoader = async (name: string): Promise<void> => void (await home.espx("sim", "power", name, "cycle"));
  const esptool = (name: string, ...words: readonly string[]): Promise<number> =>
    timed(home, python, ["-m", "esptool", "--port", path(name), ...byHand, ...words]);
  return {
    names,
    toLoader,
    async blank(name) {
      await toLoader(name);
      await esptool(name, "erase-flash");
      await toLoader(name);
    },
    espx: (name, file) => {
      const image = `0x${start.toString(16)}:${file}`;
      return timed(home, process.execPath, [builtEspx, "flash", "--port", path(name), "--image", image, ...byHand]);
    },
    esptool: (name, file, ...flags) => esptool(name, "write-flash", ...flags, `0x${start.toString(16)}`, file),
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  };
}

async function startBoards(
  home: Home,
  names: readonly string[],
  baudRate: number | undefined,
): Promise<ReadonlyMap<string, string>> {
  const line = baudRate === undefined ? [] : ["--line-baud", String(baudRate)];
  const sim = home.start("sim", ...names, "--pty", "--blank", ...line, "--json", "--broker-port", "0");
  const paths = new Map<string, string>();
  for (const name of names) {
    const { data } = await sim.event("board", (event) => event.data["name"] === name);
    paths.set(name, (data["urls"] as string[]).find((url) => url.startsWith("/")) ?? "");
    await home.espx("sim", "pin", name, "0", "0");
  }
  return paths;
}

/** @throws Error with what the program said when it did not end well */
async function timed(home: Home, command: string, argv: readonly string[]): Promise<number> {
  const began = performance.now();
  const { code, stdout, stderr } = await home.run(command, argv).ended;
  if (code !== 0) throw new Error(`${command} ${argv.join(" ")} ended with ${code}: ${stdout}${stderr}`);
  return performance.now() - began;
}

async function putFirmware(home: Home): Promise<void> {
  const application = makeApplication(chipModels.esp32);
  await writeFile(join(home.folder, benchFiles.whole), firmwareWith(application));
  await writeFile(join(home.folder, benchFiles.changed), firmwareWith(withOtherByte(application)));
}

/** The bench's firmware as one file, as MicroPython is given out. */
export function firmwareWith(application: Uint8Array): Uint8Array {
  const { bootLoader, table } = firmwareParts("esp32");
  const whole = new Uint8Array(applicationAddress + application.length - start).fill(0xff);
  whole.set(bootLoader);
  whole.set(table, tableAddress - start);
  whole.set(application, applicationAddress - start);
  return whole;
}

/** One byte of code is another, and with it the checksum and hash at the end. */
function withOtherByte(application: Uint8Array): Uint8Array {
  const { header, segments } = decodeEspImage(application);
  const changed = segments.map((segment, index) => {
    if (index !== 2) return segment;
    const data = segment.data.slice();
    data[500_000] = (data[500_000] as number) ^ 1;
    return { ...segment, data };
  });
  const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());
  return encodeEspImage({ header, segments: changed }, sha256);
}
