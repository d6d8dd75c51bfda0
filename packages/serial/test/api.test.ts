import { expect, test } from "vitest";
import * as api from "../src/index.ts";

test("the package offers exactly this", () => {
  expect(Object.keys(api).toSorted()).toMatchInlineSnapshot(`
    [
      "BootWatch",
      "FlashSession",
      "LinkReader",
      "RawRepl",
      "SerialTransport",
      "askRunning",
      "enterSteps",
      "formatTrace",
      "isInLoader",
      "parseCustomReset",
      "parseInventory",
      "parseRemoteFailure",
      "parseRunningAnswer",
      "placeImages",
      "printable",
      "refuseProtected",
      "refuseSecureDownload",
      "runningQuery",
      "secureDownloadRemains",
      "serialCodes",
      "traceLink",
    ]
  `);
});
