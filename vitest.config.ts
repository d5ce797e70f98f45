import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    exclude: ["tests/bench/**"],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
    typecheck: { enabled: false },
  },
});
