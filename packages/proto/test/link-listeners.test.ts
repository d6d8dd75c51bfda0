import { LinkError, LinkListeners } from "@espx/proto";
import { expect, test } from "vitest";
import { codeOf } from "./vectors.ts";

function recorder() {
  const heard: string[] = [];
  return {
    heard,
    listener: {
      chunk: (bytes: Uint8Array) => heard.push(new TextDecoder().decode(bytes)),
      closed: (error?: Error) => heard.push(`closed ${error?.message ?? "here"}`),
    },
  };
}

test("everybody who listens hears a chunk until he stops", () => {
  const listeners = new LinkListeners("sim:desk");
  const a = recorder();
  const b = recorder();
  const stop = listeners.listen(a.listener);
  listeners.listen(b.listener);
  listeners.chunk(Uint8Array.of(65));
  stop();
  listeners.chunk(Uint8Array.of(66));
  expect(a.heard).toEqual(["A"]);
  expect(b.heard).toEqual(["A", "B"]);
});

test("the end is told once, and every later call says why", () => {
  const listeners = new LinkListeners("sim:desk");
  const a = recorder();
  listeners.listen(a.listener);
  listeners.close(new LinkError("link/lost", "the board went away"));
  listeners.close();
  expect(a.heard).toEqual(["closed the board went away"]);
  expect(listeners.open).toBe(false);
  expect(codeOf(() => listeners.assertOpen())).toBe("link/lost");
  expect(() => listeners.listen(a.listener)).toThrow("sim:desk is not open any more: the board went away");
});
