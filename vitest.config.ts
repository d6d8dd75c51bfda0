import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["@espx/source"] },
  ssr: { resolve: { conditions: ["@espx/source"] } },
  test: {
    include: ["packages/*/test/**/*.test.ts", "device/tests/**/*.test.ts", "testsuite/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
