import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { firmwareFile } from "../../packages/cli/test/_firmware.ts";
import { has } from "../programs.ts";
import { pythonWith } from "../python.ts";
import { builtEspx, type Ended, eventsOf, type Home, makeHome, type Running } from "./_espx.ts";

describe.skipIf(process.platform === "win32" || !has("socat"))("a pseudo-terminal (needs socat)", () => {
  let home: Home;
  let sim: Running;
  let terminal: string;
  beforeAll(async () => {
    home = await makeHome();
    await writeFile(join(home.folder, "firmware.bin"), firmwareFile("esp32"));
    sim = home.start("sim", "shed", "--blank", "--pty", "--line-baud", "230400", "--json", "--broker-port", "0");
    const { data } = await sim.event("board");
    terminal = (data["urls"] as string[]).find((url) => url.startsWith("/")) ?? "";
  }, 60_000);
  afterAll(() => home[Symbol.asyncDispose]());

  /** The next client gets a terminal of its own, a moment after the one before has left. */
  const nextTerminal = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 500));

  const flash = (port: string, ...argv: readonly string[]): Running =>
    home.start("flash", "--image", "firmware.bin", "--port", port, "--json", ...argv);

  /** Holds BOOT while the power comes back. */
  async function startLoader(): Promise<void> {
    for (const argv of [
      ["pin", "shed", "0", "0"],
      ["power", "shed", "cycle"],
      ["pin", "shed", "0", "1"],
    ]) {
      const { code, stderr } = await home.espx("sim", ...argv);
      expect(code, stderr).toBe(0);
    }
  }

  test("that nothing can be reset through says so, and what to do", { timeout: 60_000 }, async () => {
    const { code, stdout } = await flash(terminal).ended;
    expect(code).toBe(6);
    // A blank chip starts over and over, which is heard.
    const error = errorOf(stdout);
    expect(error["message"]).toContain("this port cannot reset it");
    expect(error["hint"]).toMatch(/hold BOOT, tap EN.*--before no-reset/);
  });

  test("with a chip in its loader is flashed, and started without a reset", { timeout: 60_000 }, async () => {
    await startLoader();
    const ended = await flash(terminal, "--before", "no-reset").ended;
    expect(ended.code, ended.stdout).toBe(0);
    const flashed = eventsOf(ended).find(({ kind }) => kind === "flashed")?.data;
    expect(flashed).toMatchObject({ left: "started", verified: true, boot: { kind: "micropython" } });
  });

  test("that another espx has open is left alone, and the other is named", { timeout: 60_000 }, async () => {
    await nextTerminal();
    const running = home.start("exec", "import time; time.sleep(60)", "--port", terminal);
    await using holder = await holding(running.child, terminal);
    const { code, stdout } = await flash(terminal).ended;
    expect(code).toBe(5);
    expect(errorOf(stdout)["message"]).toContain(`(pid ${holder.pid})`);
  });

  const python = pythonWith("mpremote");
  test.skipIf(python === undefined)(
    "that a Python program has open is left alone, and that is named (needs mpremote)",
    { timeout: 60_000 },
    async () => {
      const script = `
import serial, time
held = None
while held is None:
    try:
        held = serial.Serial(${JSON.stringify(terminal)}, exclusive=True)
    except Exception:
        time.sleep(0.1)
time.sleep(60)`;
      await nextTerminal();
      const child = spawn(python as string, ["-c", script], { stdio: "ignore" });
      await using holder = await holding(child, terminal);
      const { code, stdout } = await flash(terminal).ended;
      const error = errorOf(stdout);
      expect([code, error["message"]]).toEqual([5, expect.stringMatching(`python.*\\(pid ${holder.pid}\\)`)]);
      expect(error["hint"]).toContain("close that program");
    },
  );

  test(
    "a simulated port that another espx flashes is left alone, and the other is named",
    { timeout: 60_000 },
    async () => {
      await writeFile(join(home.folder, "other.bin"), firmwareFile("esp32", { version: "1.28.0" }));
      const first = home.start("flash", "--image", "other.bin", "--port", "sim:shed", "--json");
      await first.event("progress", ({ data }) => data["task"] === "writing");
      const second = await flash("sim:shed").ended;
      expect([second.code, errorOf(second.stdout)["message"]]).toEqual([
        5,
        expect.stringContaining(`(pid ${first.child.pid})`),
      ]);
      expect((await first.ended).code).toBe(0);
    },
  );

  test(
    "an espx that is killed in the middle of a flash leaves a board that the same command completes, sending what is missing",
    { timeout: 90_000 },
    async () => {
      expect((await home.espx("erase-flash", "--yes", "--port", "sim:shed")).code).toBe(0);
      const killed = flash("sim:shed", "--baud", "230400");
      await killed.event("progress", ({ data }) => data["task"] === "writing" && Number(data["doneBytes"]) > 40_000);
      killed.child.kill("SIGKILL");
      expect((await killed.ended).code).toBeNull();
      // The simulator sees a client that is gone when it looks next.
      let again = await flash("sim:shed").ended;
      for (let tries = 0; again.code === 5 && tries < 20; tries++) again = await flash("sim:shed").ended;
      expect(again.code, again.stdout).toBe(0);
      const flashed = eventsOf(again).find(({ kind }) => kind === "flashed")?.data;
      expect(flashed).toMatchObject({ boot: { kind: "micropython" } });
      expect(Number(flashed?.["unchangedBytes"])).toBeGreaterThan(10_000);
    },
  );
});

/** Another user of this machine: only root can be one. */
const nobody = 65_534;
const isRoot = process.getuid?.() === 0;

/** Whether the built command can be run as that user, who may not be able to look into the folder that it lies in. */
function canBeNobody(): boolean {
  const as = { uid: nobody, gid: nobody, env: { PATH: process.env["PATH"], HOME: tmpdir() } };
  return isRoot && spawnSync(process.execPath, [builtEspx, "--version"], as).status === 0;
}

test.skipIf(process.platform !== "linux" || !has("socat") || (isRoot && !canBeNobody()))(
  "a port that is not this user's ends flash with exit 12 and the group to join (needs socat)",
  { timeout: 60_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "espx-group-"));
    const link = join(folder, "tty");
    // Who is not root is no member of root's group, and may not give a file to another.
    const owner = isRoot ? ",user=root,group=dialout,mode=660" : ",mode=000";
    const socat = spawn("socat", [`PTY,link=${link},raw,echo=0${owner}`, "EXEC:cat"], { stdio: "ignore" });
    try {
      await until(() => existsSync(link));
      await chmod(folder, 0o755);
      await writeFile(join(folder, "firmware.bin"), firmwareFile("esp32"));
      await mkdir(join(folder, "state"));
      if (isRoot) await chown(join(folder, "state"), nobody, nobody);
      const { code, stdout } = await asNobody(folder, ["flash", "--image", "firmware.bin", "--port", link, "--json"]);
      expect(code, stdout).toBe(12);
      const error = errorOf(stdout);
      expect(error["message"]).toBe(`this user may not open ${link}`);
      const group = isRoot ? "dialout" : groupName(process.getgid?.() ?? 0);
      expect(error["hint"]).toContain(`sudo usermod -aG ${group} $USER`);
    } finally {
      socat.kill();
      await rm(folder, { recursive: true, force: true });
    }
  },
);

function groupName(gid: number): string | undefined {
  const lines = readFileSync("/etc/group", "utf8").split("\n");
  return lines.find((line) => line.split(":")[2] === String(gid))?.split(":")[0];
}

/** Runs the built command as a user who is not root. */
async function asNobody(folder: string, argv: readonly string[]): Promise<Pick<Ended, "code" | "stdout">> {
  const state = join(folder, "state");
  const env = { PATH: process.env["PATH"], HOME: state, ESPX_STATE_DIR: state, ESPX_RUNTIME_DIR: state };
  const user = isRoot ? { uid: nobody, gid: nobody } : {};
  const child = spawn(process.execPath, [builtEspx, ...argv], {
    ...user,
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "ignore"],
  });
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout };
}

function errorOf(stdout: string): Readonly<Record<string, unknown>> {
  const event = eventsOf({ stdout } as Ended).find(({ kind }) => kind === "error");
  expect(event, stdout).toBeDefined();
  return event?.data ?? {};
}

/** A program that has a terminal open, from when it has it until the end of its scope. */
async function holding(child: ChildProcess, terminal: string): Promise<{ readonly pid: number } & AsyncDisposable> {
  const pid = child.pid ?? 0;
  await until(() =>
    spawnSync("ls", ["-l", `/proc/${pid}/fd`], { encoding: "utf8" }).stdout.includes(realName(terminal)),
  );
  return {
    pid,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

function realName(terminal: string): string {
  return spawnSync("readlink", ["-f", terminal], { encoding: "utf8" }).stdout.trim();
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo() && tries < 500; tries++) await new Promise((resolve) => setTimeout(resolve, 20));
}
