import { type DatabaseConfig, type DatabasePlan, loadDatabaseConfig } from "../config/index.ts";
import type { Log } from "../core/log.ts";
import { backup, openStore, restore } from "../store/index.ts";
import { createLog } from "../telemetry/index.ts";
import { describeDatabase } from "./describe-database.ts";
import type { ProgramHost } from "./run-program.ts";

/**
 * Brings a database up to date, copies it or puts a copy in its place, and says what was done.
 * @throws ConfigError where it is not clear which database; Error that says why nothing was done.
 */
export async function runDatabaseCommand(plan: DatabasePlan, host: ProgramHost): Promise<void> {
  const { environment, clock, stdout } = host;
  const database = await loadDatabaseConfig({ flags: plan.flags, environment });
  switch (plan.command) {
    case "migrate":
      return runMigrate(database, host);
    case "backup":
      await backup(database, plan.to);
      return stdout(`${plan.to} is a copy of ${describeDatabase(database)}\n`);
    case "restore": {
      const kept = await restore(database, plan.from, clock);
      const before = kept === undefined ? "there was none before" : `the one before is kept as ${kept}`;
      return stdout(`${describeDatabase(database)} is a copy of ${plan.from} now; ${before}\n`);
    }
  }
}

async function runMigrate(database: DatabaseConfig, { clock, stdout, stderr, isTerminal }: ProgramHost): Promise<void> {
  const applied: string[] = [];
  const log: Log = {
    ...createLog({ level: "warn", destination: { write: stderr }, pretty: isTerminal }),
    info(fields) {
      if ("migration" in fields) applied.push(String(fields.migration));
    },
  };
  const store = await openStore({ database, clock, log });
  await store[Symbol.asyncDispose]();
  // Whatever was done before a failure was undone with it, so nothing is said earlier.
  for (const name of applied) stdout(`applied ${name}\n`);
  const state = applied.length === 0 ? "was up to date already" : "is up to date now";
  stdout(`the schema of ${describeDatabase(database)} ${state}\n`);
}
