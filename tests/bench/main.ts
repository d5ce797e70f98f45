import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startPostgres } from "../support/postgres.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { buildReplicaProgram } from "./build-replica-program.ts";
import { makeCertificate } from "./certificate.ts";
import { requireH2load } from "./h2load.ts";
import { measureCalls } from "./measure-calls.ts";
import { measureDurableRefreshes } from "./measure-durable-refreshes.ts";
import { measureReconnect } from "./measure-reconnect.ts";
import { measureSandboxes } from "./measure-sandboxes.ts";
import { measureSessions } from "./measure-sessions.ts";
import { measureStart } from "./measure-start.ts";
import { fullPlan, type Part, parts, quickPlan, withAllServers } from "./plan.ts";
import { record } from "./record.ts";
import { report } from "./report.ts";
import { reportSizing } from "./report-sizing.ts";
import type { ServerOptions } from "./server-process.ts";
import { compare, type Figures } from "./targets.ts";

const directory = fileURLToPath(new URL("../../.bench/", import.meta.url));
const pages = new URL("../../docs/", import.meta.url);
const needPostgres: readonly Part[] = ["calls", "durable", "replicas"];

/** Measures all, or the parts that were asked for, prints tables, and writes all figures to `.bench/`. With `--record` the
 * tables take the place of those in the pages. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      profile: { type: "boolean", default: false },
      all: { type: "boolean", default: false },
      record: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [...parts] },
    },
  });
  const wanted = new Set(values.only.flatMap((names) => names.split(",")).map(partOf));
  const isWhole = wanted.size === parts.length;
  if (values.record && (values.quick || !isWhole)) throw new Error("--record: only a whole run is recorded");
  if (wanted.has("calls")) await requireH2load();
  mkdirSync(directory, { recursive: true });
  const chosen = values.quick ? quickPlan : fullPlan;
  const plan = values.all ? withAllServers(chosen) : chosen;
  const began = performance.now();
  // What else the machine does takes from all figures but those of memory.
  const loadBefore = loadavg()[0];
  const say = (line: string) =>
    console.log(`${((performance.now() - began) / 1_000).toFixed(0).padStart(4)} s  ${line}`);

  using certificates = temporaryDirectory();
  const options: ServerOptions = {
    directory,
    nodeArguments: values.profile ? ["--cpu-prof", `--cpu-prof-dir=${directory}`] : [],
    certificate: undefined,
  };
  const withPostgres = needPostgres.some((part) => wanted.has(part));
  await using postgres = !withPostgres
    ? undefined
    : await startPostgres().catch((missing: unknown) => {
        say(`skipped what needs Postgres: ${missing instanceof Error ? missing.message : missing}`);
        return undefined;
      });
  /** A part that fails takes nothing from the others but the run's good end. */
  async function measure<T>(part: Part, of: () => Promise<T>): Promise<T | undefined> {
    if (!wanted.has(part)) return undefined;
    say(part);
    try {
      return await of();
    } catch (cause) {
      process.exitCode = 1;
      say(`${part} failed: ${cause instanceof Error ? cause.message : cause}`);
      return undefined;
    }
  }

  const figures: Figures = {
    start: await measure("start", () => measureStart(plan)),
    sessions: await measure("sessions", () => measureSessions(plan, options)),
    calls: await measure("calls", async () => {
      const certificate = await makeCertificate(certificates.path);
      return measureCalls(plan, { ...options, certificate }, postgres, say);
    }),
    sandboxes: await measure("sandboxes", () => measureSandboxes(plan, options, say)),
    reconnect: await measure("reconnect", () => measureReconnect(plan, options, say)),
    durable: await measure("durable", () => measureDurableRefreshes(plan, directory, postgres)),
    replicas: await measure("replicas", async () => {
      if (!postgres) return undefined;
      using _program = await buildReplicaProgram();
      const { measureReplicas } = await import("./measure-replicas.ts");
      return await measureReplicas(plan, postgres);
    }),
  };

  const targets = compare(figures);
  const cpu = cpus();
  const machine = { cpus: cpu.length, model: cpu[0]?.model, kernel: release(), node: process.version, loadBefore };
  const seconds = (performance.now() - began) / 1_000;
  const taken = { at: new Date().toISOString(), machine, seconds, plan };
  const ran = `${machine.cpus} CPUs (${machine.model}), Node ${machine.node}, Linux ${machine.kernel}, a load of ${loadBefore?.toFixed(1)} when the run began; it took ${seconds.toFixed(0)} s.`;
  const tables = report(figures, targets);
  const sizing = reportSizing(figures.start, figures.reconnect);
  const name = isWhole ? "latest" : [...wanted].join("-");
  writeFileSync(
    join(directory, `${name}.json`),
    `${JSON.stringify({ ...taken, ...figures, targets }, undefined, 2)}\n`,
  );
  console.log(["", ran, tables, ...(sizing === undefined ? [] : ["### Sizing", sizing])].join("\n\n"));
  console.log(`\nAll figures are in ${join(directory, name)}.json`);
  if (values.record && process.exitCode === undefined) {
    record(new URL("benchmarks.md", pages), `${ran}\n\n${tables}`);
    if (sizing !== undefined) record(new URL("performance.md", pages), sizing);
  }
}

function partOf(name: string): Part {
  const part = parts.find((one) => one === name);
  if (!part) throw new Error(`--only ${name}: expected ${parts.join(", ")}`);
  return part;
}

await main().catch((failed: unknown) => {
  console.error(`bench: ${failed instanceof Error ? failed.message : failed}`);
  process.exitCode = 1;
});
