import { LinkError, UsageError } from "@espx/proto";
import { expect, test } from "vitest";
import { formatError } from "../src/output/error-text.ts";

test("an error is printed as what, why, and what to do", () => {
  const cause = new LinkError("link/lost", "the port was closed", { cause: new Error("EIO") });
  const error = new UsageError("cli/usage", "that does not go", { cause, hint: "do something else" });
  expect(formatError(error, "deploy").split("\n")).toEqual([
    "espx deploy: that does not go",
    "  because the port was closed",
    "  because EIO",
    "  do this: do something else",
    "  (cli/usage)",
  ]);
});

test("what the message says already is no cause beside it", () => {
  const cause = new UsageError("cli/usage", "starts with 6d");
  const error = new UsageError("cli/usage", "r1.bin: starts with 6d", { cause });
  expect(formatError(error, "flash")).toBe("espx flash: r1.bin: starts with 6d\n  (cli/usage)");
});
