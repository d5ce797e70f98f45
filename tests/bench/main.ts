import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startPostgres } from "../support/postgres.ts";
import { requireH2load } from "./h2load.ts";
import { measureCalls } from "./measure-calls.ts";
import { measureDurableRefreshes } from "./measure-durable-refreshes.ts";
import { measureReplicas } from "./measure-replicas.ts";
import { measureSessions } from "./measure-sessions.ts";
import { measureStart } from "./measure-start.ts";
import { fullPlan, quickPlan } from "./plan.ts";
import { report } from "./report.ts";
import type { ServerOptions } from "./server-process.ts";
import { compare, type Figures } from "./targets.ts";

const directory = fileURLToPath(new URL("../../.bench/", import.meta.url));

/** Measures all, prints tables, and writes them to `.bench/latest.json`. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { quick: { type: "boolean", default: false }, profile: { type: "boolean", default: false } },
  });
  await requireH2load();
  mkdirSync(directory, { recursive: true });
  const plan = values.quick ? quickPlan : fullPlan;
  const options: ServerOptions = {
    directory,
    nodeArguments: values.profile ? ["--cpu-prof", `--cpu-prof-dir=${directory}`] : [],
  };
  const began = performance.now();
  // What else the machine does takes from all figures but those of memory.
  const loadBefore = loadavg()[0];
  const say = (line: string) =>
    console.log(`${((performance.now() - began) / 1_000).toFixed(0).padStart(4)} s  ${line}`);

  say("start to ready");
  const start = await measureStart(plan);
  say("sessions");
  const sessions = await measureSessions(plan, options);
  say("calls");
  const calls = await measureCalls(plan, options, say);
  await using postgres = await startPostgres().catch((missing: unknown) => {
    say(`skipped what needs Postgres: ${missing instanceof Error ? missing.message : missing}`);
    return undefined;
  });
  say("durable refreshes");
  const durable = await measureDurableRefreshes(plan, directory, postgres);
  say("two gateways");
  const replicas = postgres && (await measureReplicas(plan, postgres));
  const figures: Figures = { start, sessions, calls, durable, replicas };

  const targets = compare(figures);
  const machine = {
    cpus: cpus().length,
    model: cpus()[0]?.model,
    kernel: release(),
    node: process.version,
    loadBefore,
  };
  const taken = { at: new Date().toISOString(), machine, plan };
  writeFileSync(join(directory, "latest.json"), `${JSON.stringify({ ...taken, ...figures, targets }, undefined, 2)}\n`);
  console.log(report(figures, targets));
  console.log(
    `Node ${machine.node}, ${machine.cpus} CPUs (${machine.model}), Linux ${machine.kernel}, load before ${loadBefore?.toFixed(1)}`,
  );
  console.log(`Written to ${join(directory, "latest.json")}`);
}

await main().catch((failed: unknown) => {
  console.error(`bench: ${failed instanceof Error ? failed.message : failed}`);
  process.exitCode = 1;
});
