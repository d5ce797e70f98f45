import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { bundle, programs } from "../../scripts/bundle.ts";
import { directoryVariable } from "./built-program.ts";

/** Programs that are of the tests, and only start what they are about. */
const ofTests = {
  replica: "tests/replicas/support/replica-program.ts",
  "herd-gateway": "tests/service/herd/gateway-program.ts",
  "abused-gateway": "tests/abuse/support/gateway-program.ts",
  "store-writer": "tests/contract/store-writer.ts",
};

/**
 * Bundles what tests start as processes, as it is now, into a folder of this run: a bundle takes a third of the time to
 * start that sources take, and there are hundreds of starts. The first project that asks does it for all.
 */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (process.env[directoryVariable] !== undefined) return undefined;
  const directory = await mkdtemp(join(tmpdir(), "openshell-programs-"));
  process.env[directoryVariable] = directory;
  await writeFile(join(directory, "package.json"), '{ "type": "module" }');
  const build = async () => void (await bundle({ directory, entries: { ...programs, ...ofTests }, sourceMaps: false }));
  await build();
  project.onTestsRerun(build);
  return () => rm(directory, { recursive: true, force: true });
}
