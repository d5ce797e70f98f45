import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle } from "../../scripts/bundle.ts";
import { directoryVariable } from "../support/built-program.ts";

/**
 * Makes the program of a gateway among several, where the support of the tests looks for it. That looks as it is loaded,
 * so load it afterwards.
 */
export async function buildReplicaProgram(): Promise<Disposable> {
  const directory = mkdtempSync(join(tmpdir(), "openshell-programs-"));
  writeFileSync(join(directory, "package.json"), '{ "type": "module" }');
  const entries = { replica: "tests/replicas/support/replica-program.ts" };
  await bundle({ directory, entries, sourceMaps: false });
  process.env[directoryVariable] = directory;
  return { [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
}
