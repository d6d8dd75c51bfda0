import {
  BusyError,
  CanceledError,
  ConfigError,
  DeviceError,
  InternalError,
  LinkError,
  NotFoundError,
  PartialError,
  PermissionError,
  ProtocolError,
  RefusedError,
  UsageError,
  VerifyError,
  isEspxError,
} from "@espx/proto";
import { expect, test } from "vitest";

test("every class has the exit code that the documentation promises", () => {
  const position = { file: "espx.yaml", line: 3, column: 7 };
  const classes = [
    [InternalError, 1],
    [UsageError, 2],
    [NotFoundError, 4],
    [BusyError, 5],
    [LinkError, 6],
    [VerifyError, 7],
    [DeviceError, 8],
    [PartialError, 9],
    [RefusedError, 10],
    [ProtocolError, 11],
    [PermissionError, 12],
    [CanceledError, 130],
  ] as const;
  for (const [Class, exit] of classes) {
    const error = new Class("area/thing", "words");
    expect([error.name, error.exitCode]).toEqual([Class.name, exit]);
  }
  expect(new ConfigError("area/thing", "words", { position }).exitCode).toBe(3);
  expect(new CanceledError("area/thing", "words", { exitCode: 143 }).exitCode).toBe(143);
});

test("an error is recognised by its code, also when it comes from another copy of the package", () => {
  const error = new LinkError("link/lost", "the port is gone", { hint: "plug it in", cause: new Error("EIO") });
  expect(isEspxError(error, "link/lost")).toBe(true);
  expect(isEspxError(error, "link/other")).toBe(false);
  expect(isEspxError(new Error("link/lost"))).toBe(false);
  const foreign = Object.assign(new Error("x"), { [Symbol.for("espx.error")]: true, code: "a/b" });
  expect(isEspxError(foreign, "a/b")).toBe(true);
});

test("a config error carries its place in its details", () => {
  const error = new ConfigError("config/bad", "words", { position: { file: "a.yaml", line: 2, column: 5 } });
  expect(error.details).toEqual({ file: "a.yaml", line: 2, column: 5 });
});
