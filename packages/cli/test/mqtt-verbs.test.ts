import { createServer, type AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { startBroker } from "../src/ports/broker.ts";
import { connectBroker } from "../src/ports/mqtt.ts";
import { eventsOf, run, tempFolder } from "./_run.ts";

const noSimulators = { simControl: () => Promise.resolve({ list: () => Promise.resolve([]) } as never) };

test("cmd publishes below cmnd/ and says what it sent", async () => {
  const broker = await startBroker();
  const link = await connectBroker({ url: broker.url });
  const received: string[] = [];
  await link.subscribe("cmnd/#", ({ topic, payload }) =>
    received.push(`${topic} ${new TextDecoder().decode(payload)}`),
  );
  const result = await run(["cmd", "kitchen", "Rate", "5", "--broker", broker.url]);
  await expect.poll(() => received).toEqual(["cmnd/kitchen/Rate 5"]);
  await link.close();
  await broker.close();
  expect(result).toEqual({ code: 0, stdout: "", stderr: "cmnd/kitchen/Rate 5\n" });
});

test("cmd --dry-run publishes nothing", async () => {
  const result = await run(["cmd", "kitchen", "Rate", "5", "--broker", "mqtt://127.0.0.1:1", "--dry-run"]);
  expect(result).toEqual({ code: 0, stdout: "", stderr: "would publish cmnd/kitchen/Rate 5\n" });
});

test("monmqtt prints what the device reports, with topics, and ends after --count", async () => {
  const broker = await startBroker();
  const link = await connectBroker({ url: broker.url });
  await link.publish("stat/kitchen/Rate", "5", { retain: true, qos: 1 });
  await link.publish("stat/kitchen/LED/State", "on", { retain: true, qos: 1 });
  await link.publish("stat/cellar/Rate", "9", { retain: true, qos: 1 });
  const result = await run(["monmqtt", "kitchen", "--broker", broker.url, "--count", "2", "--json"]);
  await link.close();
  await broker.close();
  const messages = eventsOf(result).filter((event) => event.kind === "message");
  expect(
    messages
      .map((event) => event.data)
      .toSorted((a: { topic: string }, b: { topic: string }) => (a.topic < b.topic ? -1 : 1)),
  ).toEqual([
    { topic: "stat/kitchen/LED/State", payload: "on", retained: true },
    { topic: "stat/kitchen/Rate", payload: "5", retained: true },
  ]);
  expect(eventsOf(result).at(-1)).toMatchObject({ kind: "result", data: { exit: 0, data: { messages: 2 } } });
});

test("monmqtt --refresh asks the device, and shows no more than --count of what it answers", async () => {
  const broker = await startBroker();
  const device = await connectBroker({ url: broker.url });
  await device.subscribe("cmnd/kitchen/Refresh", () => {
    for (const rate of ["5", "6", "7"]) void device.publish("stat/kitchen/Rate", rate);
  });
  const result = await run(["monmqtt", "kitchen", "--broker", broker.url, "--refresh", "--count", "2"]);
  await device.close();
  await broker.close();
  expect(result).toEqual({ code: 0, stdout: "stat/kitchen/Rate 5\nstat/kitchen/Rate 6\n", stderr: "" });
});

test("monmqtt goes on when the broker disappears and returns", async () => {
  const first = await startBroker();
  const url = first.url;
  const port = Number(new URL(url).port);
  const running = run(["monmqtt", "kitchen", "--broker", url, "--count", "1", "--timeout", "20"]);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await first.close();
  const second = await startBroker({ port });
  const link = await connectBroker({ url });
  await link.publish("stat/kitchen/Uptime", "1", { retain: true, qos: 1 });
  const result = await running;
  await link.close();
  await second.close();
  expect(result.stderr).toBe("the broker is gone, waiting for it\nthe broker is back\n");
  expect(result.stdout).toBe("stat/kitchen/Uptime 1\n");
  expect(result.code).toBe(0);
});

test("monmqtt listens as long as --timeout says, and that is no failure", async () => {
  const broker = await startBroker();
  const result = await run(["monmqtt", "kitchen", "--broker", broker.url, "--timeout", "0.3"]);
  await broker.close();
  expect(result).toEqual({ code: 0, stdout: "", stderr: "" });
});

test("monmqtt with --count that does not come in time ends with exit 6", async () => {
  const broker = await startBroker();
  const result = await run(["monmqtt", "kitchen", "--broker", broker.url, "--timeout", "0.3", "--count", "1"]);
  await broker.close();
  expect(result.code).toBe(6);
  expect(result.stderr).toBe(`espx monmqtt: monmqtt was not done after 0.3 s
  do this: give it longer with --timeout SECONDS, or leave --timeout off
  (cli/timed-out)
`);
});

test("Ctrl-C ends monmqtt quietly with exit 130", async () => {
  const broker = await startBroker();
  const abort = new AbortController();
  const running = run(["monmqtt", "kitchen", "--broker", broker.url], { signal: abort.signal });
  const { CanceledError } = await import("@espx/proto");
  setTimeout(() => abort.abort(new CanceledError("cli/interrupted", "interrupted")), 200);
  const result = await running;
  await broker.close();
  expect(result).toEqual({ code: 130, stdout: "", stderr: "" });
});

test("an absent broker ends with exit 6", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const result = await run(["cmd", "kitchen", "Rate", "5", "--broker", `mqtt://127.0.0.1:${port}`]);
  expect(result.code).toBe(6);
  expect(result.stderr).toContain("(mqtt/unreachable)");
  expect(result.stderr).toContain("  do this: ");
});

test("no broker at all ends with exit 4 and how to name one", async () => {
  const result = await run(["cmd", "kitchen", "Rate", "5"], { outside: noSimulators });
  expect(result.code).toBe(4);
  expect(result.stderr).toBe(`espx cmd: no broker is configured
  do this: name it with --broker mqtt://HOST, or write broker: {url: mqtt://HOST} into espx.yaml
  (cli/broker-unknown)
`);
});

test("user and password come from espx.yaml and espx.secrets.yaml, and the password is never shown", async () => {
  await using folder = await tempFolder({
    "espx.yaml": "broker:\n  url: mqtt://127.0.0.1:1\n  username: ${MQTT_USER}\n  password: ${MQTT_PASSWORD}\n",
    "espx.secrets.yaml": "MQTT_PASSWORD: hunter22\n",
  });
  let seen: unknown;
  const outside = {
    connectBroker: (options: unknown) => {
      seen = options;
      return Promise.reject(new Error("refused hunter22 of mqtt"));
    },
  };
  const result = await run(["cmd", "kitchen", "Rate", "5"], { cwd: folder.path, env: { MQTT_USER: "anna" }, outside });
  expect(seen).toMatchObject({ url: "mqtt://127.0.0.1:1", username: "anna", password: "hunter22" });
  expect(result.code).toBe(1);
  expect(result.stderr + result.stdout).not.toContain("hunter22");
  expect(result.stderr).toContain("warning: others can read espx.secrets.yaml: chmod 600 espx.secrets.yaml");
});

test("a device name that would widen the topic is refused", async () => {
  const result = await run(["cmd", "kit#chen", "Rate", "5", "--broker", "mqtt://127.0.0.1:1"]);
  expect(result.code).toBe(2);
  expect(result.stderr).toContain('"kit#chen" cannot be the name of a device in topics');
});
