/**
 * `npm run conformance`: the Connect project's conformance suite against the front door. It runs as it comes, with no
 * list of cases that may fail.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { bundle } from "../../scripts/bundle.ts";
import { findTool } from "./find-tool.ts";
import { type Outcome, runSuite } from "./run-suite.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../", import.meta.url));
const here = fileURLToPath(new URL("./", import.meta.url));
const reports = join(root, ".reports");

/** Unary gRPC calls have two ways. The one that users get runs all cases; the other one those that come its way. */
const runs = [
  { way: "lean", config: "config.yaml" },
  { way: "connect", config: "grpc-config.yaml" },
] as const;

const [suite, go] = ["connectconformance", "go"].map(findTool);
if (suite === undefined || go === undefined) {
  say(`skipped: ${suite === undefined ? "connectconformance" : "go"} is not installed, see docs/conformance.md`);
} else {
  process.exitCode = (await conformance(suite, go)) ? 0 : 1;
}

async function conformance(suite: string, go: string): Promise<boolean> {
  await using directory = await workingDirectory();
  const descriptors = await describe(suite, go, directory.path);
  const server = await buildServer(directory.path);
  const outcomes: Outcome[] = [];
  for (const { way, config } of runs) {
    say(`unary gRPC calls take the ${way} way, ${config}`);
    const outcome = await runSuite(suite, {
      configuration: join(here, config),
      server: [process.execPath, server, descriptors, way],
      log: join(reports, `conformance-${way}.log`),
    });
    process.stdout.write(outcome.failures);
    process.stdout.write(outcome.closing);
    outcomes.push(outcome);
  }
  await writeFile(
    join(reports, "conformance.json"),
    JSON.stringify(outcomes.map(({ passed, failed }) => ({ passed, failed }))),
  );
  return outcomes.every(({ passed, failed }) => passed > 0 && failed === 0);
}

async function workingDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  await mkdir(reports, { recursive: true });
  await rm(join(reports, "conformance.json"), { force: true });
  const path = await mkdtemp(join(tmpdir(), "openshell-conformance-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

/** Makes descriptors of the files of the very module that the suite was built from. */
async function describe(suite: string, go: string, directory: string): Promise<string> {
  const { stdout: built } = await run(go, ["version", "-m", suite]);
  const [, module, version] = /^\s+mod\s+(\S+)\s+(\S+)/m.exec(built) ?? [];
  if (module === undefined || version === undefined) throw new Error(`${suite} does not say which module it is`);
  const { stdout: downloaded } = await run(go, ["mod", "download", "-json", `${module}@${version}`], {
    cwd: directory,
  });
  const { Dir } = JSON.parse(downloaded) as { readonly Dir: string };
  const descriptors = join(directory, "suite.binpb");
  await run(join(root, "node_modules", ".bin", "buf"), ["build", join(Dir, "proto"), "-o", descriptors], {
    cwd: directory,
  });
  say(`${module} ${version}`);
  return descriptors;
}

async function buildServer(directory: string): Promise<string> {
  await writeFile(join(directory, "package.json"), '{ "type": "module" }');
  await bundle({
    directory,
    entries: { server: fileURLToPath(import.meta.resolve("./server-program.ts")) },
    sourceMaps: false,
  });
  return join(directory, "server.js");
}

function say(text: string): void {
  process.stdout.write(`conformance: ${text}\n`);
}
