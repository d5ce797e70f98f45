import { defineConfig } from "vitest/config";

/** Tests that put something of their own in a module's place. */
const replacesModules = ["tests/refusals/wire/a-49-store-down.test.ts"];
/** Tests that say how others fare: they have the machine to themselves. */
const alone = ["tests/abuse/**/*.test.ts"];

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 30_000,
    maxWorkers: 4,
    globalSetup: ["tests/support/build-programs.ts", "tests/support/shared-postgres.ts"],
    reporters: ["default", ["json", { outputFile: ".reports/tests.json" }]],
    projects: [
      {
        extends: true,
        // The files of a worker share the modules: to load the gateway for each of them would be half of all the work.
        test: {
          name: "behaviour",
          include: ["tests/**/*.test.ts"],
          exclude: [...replacesModules, ...alone],
          isolate: false,
        },
      },
      { extends: true, test: { name: "with modules replaced", include: replacesModules } },
      { extends: true, test: { name: "alone", include: alone, sequence: { groupOrder: 1 } } },
    ],
  },
});
