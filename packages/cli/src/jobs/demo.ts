import { createHash } from "node:crypto";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { commandTopic, isEspxError, statTopic, VerifyError } from "@espx/proto";
import { assetFolder } from "../assets.ts";
import type { Context } from "../context.ts";
import type { Output } from "../output/output.ts";
import { deploy, type DeployOptions } from "./deploy.ts";
import { setStage, within, type Stage } from "./demo-stage.ts";

const LED_PIN = 2;
const FIRST_RATE_HZ = 2;
const SECOND_RATE_HZ = 8;
/** The board is one thread of a busy computer; a wrong rate would be off by far more. */
const PERIOD_TOLERANCE = 0.5;
const MESSAGE_TIMEOUT_MS = 20_000;

type Scene = readonly [title: string, play: (stage: Stage) => Promise<void>];

const scenes: readonly Scene[] = [
  ["deploy the profile blinky over the board's serial port", deployFirst],
  ["the device comes up on the broker", comeUp],
  [`change its rate over MQTT from ${FIRST_RATE_HZ} to ${SECOND_RATE_HZ} Hz`, changeRate],
  ["deploy again: nothing to do", deployAgain],
  ["cut the power in the middle of a deploy of changed code", cutPower],
  ["the board comes back with a complete set", comeBack],
];

/** Shows the main job on a virtual board; a claim that does not hold ends it. */
export async function demo(ctx: Context): Promise<{ readonly steps: number }> {
  const startMs = ctx.clock.now();
  begin(ctx, 0, "start a broker and a virtual board that runs MicroPython");
  const stage = await setStage(ctx);
  try {
    show(ctx, `broker at ${stage.brokerUrl}, board at ${stage.port}, all in this process`);
    for (const [index, [title, play]] of scenes.entries()) {
      begin(ctx, index + 1, title);
      await play(stage);
    }
  } finally {
    await stage.close();
  }
  const seconds = ((ctx.clock.now() - startMs) / 1000).toFixed(1);
  ctx.out.emit({ kind: "log", data: { level: "info", text: `all of it in ${seconds} s; nothing is left behind` } });
  return { steps: scenes.length + 1 };
}

function deployment({ port }: Stage, changes: Partial<DeployOptions> = {}): DeployOptions {
  return {
    what: "blinky",
    port,
    device: undefined,
    configFile: "config.txt",
    check: false,
    full: false,
    wait: true,
    layout: undefined,
    ignore: [],
    keep: [],
    prune: false,
    restart: true,
    baud: "auto",
    command: "espx deploy blinky",
    ...changes,
  };
}

async function deployFirst(stage: Stage): Promise<void> {
  const done = await deploy(stage.ctx, deployment(stage));
  if (!("state" in done)) throw failed("the deploy did nothing");
  claim(
    stage,
    done.sentBytes > 0 && done.state === "confirmed",
    `${done.release} runs in slot ${done.slot} and has proved itself`,
  );
}

async function comeUp(stage: Stage): Promise<void> {
  const topic = statTopic(stage.device, "Rate");
  const heard = stage.nextMessage(statTopic(stage.device, "#"), MESSAGE_TIMEOUT_MS);
  await refresh(stage);
  await heard;
  const rate = stage.nextMessage(topic, MESSAGE_TIMEOUT_MS);
  await refresh(stage);
  const value = await rate;
  claim(stage, Number(value) === FIRST_RATE_HZ, `${topic} says ${value}`);
}

/** Has the device publish everything again. */
const refresh = ({ link, device }: Stage): Promise<void> =>
  link.publish(commandTopic(device, "Refresh"), "1", { qos: 1 });

async function changeRate(stage: Stage): Promise<void> {
  const before = await stage.pinPeriodMs(LED_PIN, 2);
  claim(stage, isPeriod(before, FIRST_RATE_HZ), `the LED lights every ${Math.round(before)} ms`);
  const topic = statTopic(stage.device, "Rate");
  const reported = stage.nextMessage(topic, MESSAGE_TIMEOUT_MS);
  const command = commandTopic(stage.device, "Rate");
  await stage.link.publish(command, String(SECOND_RATE_HZ), { qos: 1 });
  stage.ctx.out.emit({
    kind: "published",
    device: stage.device,
    data: { topic: command, payload: String(SECOND_RATE_HZ) },
  });
  const value = await reported;
  claim(stage, Number(value) === SECOND_RATE_HZ, `${topic} says ${value}`);
  await stage.pinPeriodMs(LED_PIN, 1);
  const after = await stage.pinPeriodMs(LED_PIN, 4);
  claim(stage, isPeriod(after, SECOND_RATE_HZ), `the LED lights every ${Math.round(after)} ms`);
}

const isPeriod = (periodMs: number, rateHz: number): boolean =>
  Math.abs(periodMs * rateHz - 1000) < 1000 * PERIOD_TOLERANCE;

async function deployAgain(stage: Stage): Promise<void> {
  const done = await deploy(stage.ctx, deployment(stage));
  const untouched = "state" in done && done.state === "unchanged" && done.sentBytes === 0;
  claim(stage, untouched, `${done.release} is there already, 0 bytes sent`);
}

/** A project whose blinky differs from the one that is shipped. */
async function changeCode(stage: Stage): Promise<Context> {
  const folder = join(stage.folder, "changed");
  await mkdir(join(folder, "manifests"), { recursive: true });
  await writeFile(join(folder, "espx.yaml"), "fleet: demo\n");
  await cp(join(assetFolder("manifests"), "blinky.yaml"), join(folder, "manifests", "blinky.yaml"));
  await cp(join(assetFolder("profiles"), "blinky"), join(folder, "profiles", "blinky"), { recursive: true });
  const main = join(folder, "profiles", "blinky", "main.py");
  await writeFile(main, `${await readFile(main, "utf8")}\n${moreCode()}`);
  return { ...stage.ctx, cwd: folder };
}

/** Lines that do not shrink to nothing on their way, so that there is a middle in which the power can go. */
function moreCode(): string {
  const lines = Array.from({ length: 150 }, (_, index) => createHash("sha256").update(String(index)).digest("hex"));
  return lines.map((line) => `# ${line}\n`).join("");
}

async function cutPower(stage: Stage): Promise<void> {
  const changed = await changeCode(stage);
  let cutAt: string | undefined;
  const out: Output = {
    ...changed.out,
    emit(event) {
      changed.out.emit(event);
      if (event.kind !== "progress" || cutAt !== undefined || event.data.doneBytes * 2 < event.data.totalBytes) return;
      cutAt = `${event.data.doneBytes} of ${event.data.totalBytes} bytes`;
      // A board that hangs on USB takes its port along.
      stage.board.fault({ kind: "serial", behaviour: "lost" });
      stage.board.powerOff().catch(() => undefined);
    },
  };
  const options = deployment(stage, { configFile: join(stage.folder, "config.txt") });
  const ended = await within(
    stage.ctx,
    deploy({ ...changed, out }, options).then(
      () => undefined,
      (error: unknown) => error,
    ),
    {
      timeoutMs: 30_000,
      what: "the deploy to notice",
    },
  );
  stage.ctx.out.settle();
  claim(
    stage,
    cutAt !== undefined && isEspxError(ended),
    `power cut after ${cutAt}; the deploy ended: ${ended instanceof Error ? ended.message : "well"}`,
  );
}

async function comeBack(stage: Stage): Promise<void> {
  const topic = statTopic(stage.device, "Rate");
  const heard = stage.nextMessage(topic, MESSAGE_TIMEOUT_MS);
  stage.board.fault({ kind: "serial", behaviour: "normal" });
  await stage.board.powerOn();
  const value = await heard;
  claim(
    stage,
    Number(value) === FIRST_RATE_HZ,
    `the device is back on the broker, ${topic} says ${value} as after every start`,
  );
  const plan = await deploy(stage.ctx, deployment(stage, { check: true, full: true }));
  claim(
    stage,
    "upToDate" in plan && plan.upToDate,
    `every file of ${plan.release} in slot ${plan.slot} has the hash it must have`,
  );
}

function begin(ctx: Context, index: number, title: string): void {
  ctx.out.emit({ kind: "step", data: { number: index + 1, total: scenes.length + 1, title } });
}

function show(ctx: Context, text: string): void {
  ctx.out.emit({ kind: "shown", data: { text } });
}

function claim({ ctx }: Stage, holds: boolean, text: string): void {
  if (!holds) throw failed(text);
  show(ctx, text);
}

function failed(text: string): VerifyError {
  return new VerifyError("cli/claim-failed", `this does not hold: ${text}`, {
    hint: "run it again with --verbose and report what it prints",
  });
}
