import { createHash } from "node:crypto";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commands } from "../../packages/cli/src/commands/index.ts";
import { authorityFile, type FileServer, startFileServer } from "../../packages/cli/test/_file-server.ts";
import { firmwareFile, firmwareParts } from "../../packages/cli/test/_firmware.ts";
import { builtEspx, type Home, makeHome, type Running, simConfig, startSim } from "./_espx.ts";

/** Verbs that run until they are told to stop, with what they print once they work. */
const endless: Readonly<Record<string, RegExp>> = {
  "espx sim kitchen": /sim:kitchen/,
  "espx sim kitchen cellar --fresh": /sim:cellar/,
  "espx monmqtt kitchen": /^stat\/kitchen\//m,
};

/** The demo as NDJSON is run by the test of the installed package. */
const shownElsewhere = ["espx demo --json"];

async function examplesOf(verbs: (name: string) => boolean): Promise<readonly string[]> {
  const modules = await Promise.all(commands.filter(({ name }) => verbs(name)).map((entry) => entry.load()));
  return modules.flatMap((module) => module.default.examples).filter((example) => !shownElsewhere.includes(example));
}

/** Puts `espx` in front of the home's search path. */
async function shellIn(home: Home): Promise<(line: string) => Running> {
  const bin = join(home.folder, "bin");
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, "espx"), `#!/bin/sh\nexec "${process.execPath}" "${builtEspx}" "$@"\n`);
  await chmod(join(bin, "espx"), 0o755);
  const env = { PATH: `${bin}:${process.env["PATH"]}`, NODE_EXTRA_CA_CERTS: authorityFile };
  return (line) => home.run("sh", ["-c", line.startsWith("espx ") ? `exec ${line}` : line], env);
}

/** The files of a firmware that examples name. */
async function putFirmware(home: Home): Promise<void> {
  const { bootLoader, table, application } = firmwareParts("esp32");
  const files = {
    "firmware.bin": firmwareFile("esp32"),
    "bootloader.bin": bootLoader,
    "partitions.bin": table,
    "app.bin": application,
  };
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(home.folder, name), bytes);
}

/** A catalogue that has the boards which examples name, on a server of this machine. */
async function putCatalogue(home: Home, server: FileServer): Promise<void> {
  const bytes = firmwareFile("esp32");
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  server.give("/firmware.bin", bytes);
  const entry = `board: ESP32_GENERIC, chip: esp32, version: 9.9.9, address: 0x1000, flash: 4MB, url: "${server.url}/firmware.bin"`;
  const entries = [`{${entry}, sha256: ${sha256}}`, `{${entry}, variant: OTA}`];
  await home.write({ "manifests/firmware.yaml": `firmware: [${entries.join(", ")}]\n` });
}

/** Empty for an example that did what it must, else what it said. */
async function complaint(example: string, running: Running): Promise<string> {
  const until = endless[example];
  if (until !== undefined) {
    await expect.poll(() => running.stdout(), { timeout: 30_000, message: example }).toMatch(until);
    running.child.kill("SIGINT");
  }
  const { code, stderr } = await running.ended;
  return code === (until === undefined ? 0 : 130) ? "" : `${example} ended with ${code}: ${stderr}`;
}

/** A device reports what changes; asked to, it reports everything. */
async function keepReporting(home: Home, until: Promise<unknown>): Promise<void> {
  let over = false;
  const end = until.then(() => (over = true));
  while (!over) {
    await home.espx("cmd", "kitchen", "Refresh", "1");
    await Promise.race([end, new Promise((resolve) => setTimeout(resolve, 500))]);
  }
}

test.skipIf(process.platform === "win32")(
  "every example of a verb works as its --help prints it",
  { timeout: 300_000 },
  async () => {
    await using home = await makeHome();
    const { broker } = await startSim(home, "kitchen");
    await home.write({
      "config.txt": simConfig("kitchen", broker),
      "espx.yaml": "devices: {kitchen: {port: 'sim:kitchen', profile: blinky}}\n",
      "data.json": "{}\n",
      "helper.py": "x = 1\n",
      "main.py": "components = []\n",
      "partitions.csv": "nvs, data, nvs, 0x9000, 0x6000\nfactory, app, factory, 0x10000, 0x1F0000\n",
      "weather/main.py": "print('sunny')\n",
    });
    await putFirmware(home);
    await using server = await startFileServer();
    await putCatalogue(home, server);
    const shell = await shellIn(home);
    const first = "espx deploy blinky --port sim:kitchen --config config.txt";
    expect(await complaint(first, shell(first))).toBe("");
    const verbs = commands.map(({ name }) => name);
    const order = [
      ...verbs.filter((name) => ["monmqtt", "cmd"].includes(name)),
      ...verbs.filter((name) => !["monmqtt", "cmd", "sim"].includes(name)),
    ];
    for (const verb of order) {
      // Each in turn: they share one board.
      for (const example of await examplesOf((name) => name === verb)) {
        const running = shell(verb === "repl" ? `${example} </dev/null` : example);
        if (verb === "monmqtt") void keepReporting(home, running.ended);
        expect(await complaint(example, running)).toBe("");
      }
    }
  },
);

test.skipIf(process.platform === "win32")(
  "every example of espx sim works as its --help prints it",
  { timeout: 60_000 },
  async () => {
    await using home = await makeHome();
    const shell = await shellIn(home);
    for (const example of await examplesOf((name) => name === "sim")) {
      expect(endless).toHaveProperty([example]);
      expect(await complaint(example, shell(example))).toBe("");
    }
  },
);
