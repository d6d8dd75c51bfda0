import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listPorts, openPort } from "../../src/ports/serial.ts";
import { errorOf } from "./error-of.ts";

let env: { readonly ESPX_RUNTIME_DIR: string };

beforeEach(() => {
  env = { ESPX_RUNTIME_DIR: mkdtempSync(join(tmpdir(), "espx-ports-")) };
});

afterEach(() => rmSync(env.ESPX_RUNTIME_DIR, { recursive: true, force: true }));

test("a scheme that nobody knows is a port that does not exist", async () => {
  const error = await errorOf(openPort("ftp://host", { env }));
  expect(error).toMatchObject({ code: "port/not-found", exitCode: 4, hint: expect.stringContaining("espx ports") });
});

test("a simulator that does not run is named with how to start it", async () => {
  const error = await errorOf(openPort("sim:desk", { env }));
  expect(error).toMatchObject({ code: "port/not-found", hint: "start it in another terminal: espx sim desk" });
});

test.each([
  ["/dev/ttyUSB99", "port/not-found"],
  ["./nothing", "port/not-found"],
  ["rfc2217://nowhere", "port/bad-url"],
  ["socket://nowhere", "port/bad-url"],
])("%s goes to its own provider", async (url, code) => {
  expect(await errorOf(openPort(url, { env }))).toMatchObject({ code });
});

test("listing takes every provider and opens nothing", async () => {
  for (const port of await listPorts(env)) expect(port.url).toMatch(/^(\/dev\/|COM|sim:)/);
});
