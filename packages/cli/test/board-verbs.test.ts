import { createServer, type AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import { CanceledError, type SimBoard } from "@espx/proto";
import { createWorld, type World } from "@espx/sim";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Terminal } from "../src/context.ts";
import { eventsOf, run, type RunOptions, type RunResult, tempFolder } from "./_run.ts";

const offline = { "config.txt": "ssid (none)\n" };

let world: World;
let board: SimBoard;

beforeEach(async () => {
  world = await createWorld({ mode: "real" });
  board = await world.addBoard({ name: "shed" });
  await board.powerOn();
});

afterEach(() => world.close());

/** Runs a verb on the board, whatever `--port` says. */
function onBoard(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const outside = { openPort: () => Promise.resolve(board.openSerial()) };
  return run([...argv, "--port", "sim:shed"], {
    ...options,
    outside,
    env: { ESPX_STATE_DIR: options.cwd ?? "/nowhere", ...options.env },
  });
}

/** A person who answers every question with `answer`. */
function personWho(answer: string, asked: string[] = []): Terminal {
  const ask = (question: string): Promise<string> => {
    asked.push(question);
    return Promise.resolve(answer);
  };
  return { interactive: true, input: process.stdin, ask };
}

test("a foreign program is named in a question, and a no leaves everything as it is", async () => {
  await using folder = await tempFolder(offline);
  board.flash.write("/main.py", "print('mine')\n");
  board.flash.write("/data/log.txt", "precious\n");
  const asked: string[] = [];
  const refused = await onBoard(["deploy", "blinky", "--config", "config.txt"], {
    cwd: folder.path,
    terminal: personWho("n", asked),
  });
  expect(asked).toEqual([
    "the board has a program of its own in /main.py; it would be moved to /old/, its other files stay. Replace it with blinky? [y/N] ",
  ]);
  expect(refused.code).toBe(10);
  expect(refused.stderr).toContain("(deploy/foreign-program)");
  expect([...board.flash.files().keys()].toSorted()).toEqual(["/data/log.txt", "/main.py"]);
});

test("a yes replaces a foreign program and keeps it under /old/", async () => {
  await using folder = await tempFolder(offline);
  board.flash.write("/main.py", "print('mine')\n");
  board.flash.write("/data/log.txt", "precious\n");
  const agreed = await onBoard(["deploy", "blinky", "--config", "config.txt", "--no-wait"], {
    cwd: folder.path,
    terminal: personWho("y"),
  });
  expect(agreed.code, agreed.stderr).toBe(0);
  const files = board.flash.files();
  const text = (path: string): string => new TextDecoder().decode(files.get(path));
  expect(text("/old/main.py")).toBe("print('mine')\n");
  expect(text("/data/log.txt")).toBe("precious\n");
  expect(files.has("/a/main.py")).toBe(true);
});

test("--dry-run shows the whole plan and writes nothing", async () => {
  await using folder = await tempFolder(offline);
  board.flash.clearJournal();
  const dry = await onBoard(["deploy", "blinky", "--config", "config.txt", "--dry-run", "--json"], {
    cwd: folder.path,
  });
  expect(dry.code, dry.stdout).toBe(0);
  const plan = eventsOf(dry).find((event) => event.kind === "plan")?.data as unknown as {
    steps: { kind: string; path: string }[];
  };
  expect(plan.steps.map((step) => step.kind)).toContain("commit");
  expect(plan.steps.map((step) => step.path)).toContain("/a/main.py");
  expect(board.flash.journal).toEqual([]);
});

test("--check writes nothing and ends with exit 7 when the board differs", async () => {
  await using folder = await tempFolder(offline);
  board.flash.clearJournal();
  const check = await onBoard(["deploy", "blinky", "--config", "config.txt", "--check"], { cwd: folder.path });
  expect(check.code).toBe(7);
  expect(check.stderr).toMatch(
    /the board differs from blinky-[0-9a-f]{8} in \d+ steps\n {2}do this: bring it up to date with: espx deploy blinky/,
  );
  expect(board.flash.journal).toEqual([]);
});

test("a config that the board has is kept, unless the profile requires more than it holds", async () => {
  await using folder = await tempFolder();
  board.flash.write("/config.txt", "rate 2\n");
  const lacking = await onBoard(["deploy", "blinky", "--no-wait"], { cwd: folder.path });
  expect(lacking.code).toBe(3);
  expect(lacking.stderr).toContain(`espx deploy: the board's config lacks "ssid", which blinky requires
  at /config.txt on the board
  do this: give a config with a line such as "ssid text": espx deploy blinky --config config.txt
`);
  board.flash.write("/config.txt", "ssid (none)\n");
  const kept = await onBoard(["deploy", "blinky", "--no-wait"], { cwd: folder.path });
  expect(kept.code, kept.stderr).toBe(0);
  expect(new TextDecoder().decode(board.flash.read("/config.txt"))).toBe("ssid (none)\n");
});

test("a secret of a config is in no output, whatever the verbosity", async () => {
  await using folder = await tempFolder({ "config.txt": "ssid home\npassword ${WIFI_PASSWORD}\n" });
  const argv = ["deploy", "blinky", "--config", "config.txt", "--no-wait", "--verbose"];
  const human = await onBoard(argv, { cwd: folder.path, env: { WIFI_PASSWORD: "hunter22" } });
  expect(human.code, human.stderr).toBe(0);
  expect(human.stdout + human.stderr).not.toContain("hunter22");
  const config = [...board.flash.files()].find(([path]) => path.startsWith("/config-"));
  expect(new TextDecoder().decode(config?.[1])).toContain("password hunter22\n");
});

test("pcp copies a file, says so, and does nothing the second time", async () => {
  await using folder = await tempFolder({ "notes.txt": "remember\n" });
  const first = await onBoard(["pcp", "notes.txt", "/data/"], { cwd: folder.path });
  expect(first).toEqual({ code: 0, stdout: "/data/notes.txt  9 B\n", stderr: "" });
  expect(new TextDecoder().decode(board.flash.read("/data/notes.txt"))).toBe("remember\n");
  const second = await onBoard(["pcp", "notes.txt", "/data/"], { cwd: folder.path });
  expect(second.stdout).toBe("/data/notes.txt  9 B  unchanged\n");
});

test("pcp of a file that is not there ends with exit 4 and opens no port", async () => {
  await using folder = await tempFolder();
  const missing = await onBoard(["pcp", "nowhere.txt"], { cwd: folder.path });
  expect(missing.code).toBe(4);
  expect(missing.stderr).toContain("espx pcp: cannot read nowhere.txt\n");
});

test.each(["/lib/../main.py", "/a//b"])("pcp refuses the target %s", async (target) => {
  await using folder = await tempFolder({ "notes.txt": "remember\n" });
  expect((await onBoard(["pcp", "notes.txt", target], { cwd: folder.path })).code).toBe(2);
});

test("pcp_conf writes /config.txt, and pcp_main the main.py of the slot that runs", async () => {
  await using folder = await tempFolder({ ...offline, "main.py": "components = []\n" });
  expect((await onBoard(["pcp_main", "main.py"], { cwd: folder.path })).stdout).toBe("/main.py  16 B\n");
  board.flash.remove("/main.py");
  const deployed = await onBoard(["deploy", "blinky", "--config", "config.txt", "--no-wait"], { cwd: folder.path });
  expect(deployed.code, deployed.stderr).toBe(0);
  expect((await onBoard(["pcp_main", "main.py"], { cwd: folder.path })).stdout).toBe("/a/main.py  16 B\n");
  const config = await onBoard(["pcp_conf", "config.txt"], { cwd: folder.path });
  expect(config.stdout).toBe("/config.txt  12 B\n");
  expect(config.stderr).toContain("warning: the set in slot a was deployed with its own config and goes on using it");
  board.flash.write("/main.py", "print('in place of the launcher')\n");
  expect((await onBoard(["pcp_main", "main.py"], { cwd: folder.path })).stdout).toBe("/main.py  16 B\n");
});

test("repl sends what is typed, shows what comes, and Ctrl-] leaves with the terminal as it was", async () => {
  const modes: boolean[] = [];
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (on: boolean) => modes.push(on) });
  const typed = setTimeout(() => input.write("print(6 * 7)\r"), 200);
  const left = setTimeout(() => input.write("\u001d"), 900);
  const terminal: Terminal = {
    interactive: true,
    input: input as unknown as Terminal["input"],
    ask: () => Promise.resolve(""),
  };
  const repl = await onBoard(["repl"], { terminal });
  clearTimeout(typed);
  clearTimeout(left);
  expect(repl.code, repl.stderr).toBe(0);
  expect(repl.stdout).toContain("42\r\n>>> ");
  expect(repl.stderr).toBe("connected to sim:shed; Ctrl-] leaves\n");
  expect(modes).toEqual([true, false]);
});

test("a repl that is terminated leaves the terminal as it was", async () => {
  const modes: boolean[] = [];
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (on: boolean) => modes.push(on) });
  const terminal: Terminal = {
    interactive: true,
    input: input as unknown as Terminal["input"],
    ask: () => Promise.resolve(""),
  };
  const abort = new AbortController();
  setTimeout(() => abort.abort(new CanceledError("cli/terminated", "terminated", { exitCode: 143 })), 200);
  const repl = await onBoard(["repl"], { terminal, signal: abort.signal });
  expect(repl.code).toBe(143);
  expect(modes).toEqual([true, false]);
});

test("a board behind a plain TCP port is reached as socket://", async () => {
  const link = board.openSerial();
  const server = createServer((socket) => {
    const leave = link.listen({ chunk: (bytes) => socket.write(bytes), closed: () => socket.destroy() });
    socket.on("data", (bytes) => void link.write(new Uint8Array(bytes)));
    socket.once("close", leave);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const result = await run(["exec", "print(6 * 7)", "--port", `socket://127.0.0.1:${port}`]);
  await new Promise((resolve) => server.close(resolve));
  await link.close();
  expect(result).toEqual({ code: 0, stdout: "42\n", stderr: "" });
});

test("exec reads code from standard input", async () => {
  const input = new PassThrough();
  input.end("for i in range(3):\n    print(i)\n");
  const terminal: Terminal = {
    interactive: false,
    input: input as unknown as Terminal["input"],
    ask: () => Promise.resolve(""),
  };
  expect(await onBoard(["exec", "-"], { terminal })).toEqual({ code: 0, stdout: "0\n1\n2\n", stderr: "" });
});

test("code that never ends is stopped by --timeout, and the board is at its prompt", async () => {
  const endless = await onBoard(["exec", "while True: pass", "--timeout", "1"]);
  expect(endless.code).toBe(6);
  expect(endless.stderr).toContain("exec was not done after 1 s");
  expect((await onBoard(["exec", "print('free')"])).stdout).toBe("free\n");
});

test.each([[["exec", "print(6 * 7)"]], [["pcp", "notes.txt"]], [["pcp_main", "notes.txt"]]])(
  "espx %j on a board that is not the device that was named does nothing and ends with exit 10",
  async (argv) => {
    const yaml = "devices: {kitchen: {id: 24:0a:c4:ff:ff:ff, port: sim:shed}}\n";
    await using folder = await tempFolder({ "espx.yaml": yaml, "notes.txt": "x = 1\n" });
    const wrong = await onBoard([...argv, "--device", "kitchen"], { cwd: folder.path });
    expect(wrong.code, wrong.stderr).toBe(10);
    expect(wrong.stderr).toContain("(cli/wrong-board)");
    expect(wrong.stdout).toBe("");
    expect([...board.flash.files().keys()]).toEqual([]);
  },
);

test("espx exec on the device that was named, known by its id, runs", async () => {
  const id = /id ([0-9a-f]{12})/.exec((await onBoard(["deploy", "blinky", "--dry-run"])).stderr)?.[1];
  const yaml = `devices: {kitchen: {id: "${id}", port: "sim:shed"}}\n`;
  await using folder = await tempFolder({ "espx.yaml": yaml });
  const right = await onBoard(["exec", "print(6 * 7)", "--device", "kitchen"], { cwd: folder.path });
  expect(right).toMatchObject({ code: 0, stdout: "42\n" });
});
