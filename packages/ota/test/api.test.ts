import { expect, test } from "vitest";
import * as api from "../src/index.ts";

test("the package offers exactly this", () => {
  expect(Object.keys(api).toSorted()).toMatchInlineSnapshot(`
    [
      "afterSteps",
      "buildRelease",
      "describe",
      "flatRelease",
      "formatVersionRange",
      "isInRange",
      "isKept",
      "otaCodes",
      "parseVersionRange",
      "plan",
      "planFlat",
      "releaseId",
      "supportedVersions",
    ]
  `);
});
