import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Postgres, TestDatabase } from "../support/postgres.ts";
import { median } from "./percentiles.ts";
import type { Plan } from "./plan.ts";
import type { Refreshes } from "./servers/durable-refreshes.ts";

/** Refreshes without the wire, each on disk before it counts; the medians of the rounds. */
export interface DurableFigures {
  readonly store: "SQLite" | "Postgres";
  /** Families that are refreshed at the same time. */
  readonly families: number;
  readonly perSecond: number;
  /** Of the gateway's own CPU time. */
  readonly perCpuSecond: number;
  /** CPU time of the database's own processes for each refresh, in microseconds; 0 where it has none. */
  readonly databaseMicroseconds: number;
}

const run = promisify(execFile);
const program = fileURLToPath(new URL("./servers/durable-refreshes.ts", import.meta.url));
const families = 128;
const longestRunMs = 60_000;

/** @param postgres measured too where there is one */
export async function measureDurableRefreshes(
  { rounds, seconds }: Plan,
  directory: string,
  postgres: Postgres | undefined,
): Promise<DurableFigures[]> {
  const figures = [await medianOf("SQLite", rounds, () => inSqlite(directory, seconds))];
  if (postgres) figures.push(await medianOf("Postgres", rounds, () => inPostgres(postgres, seconds)));
  return figures;
}

/** On the disk that the gateway's state would be on: a file in memory would be no test of a commit. */
async function inSqlite(directory: string, seconds: number): Promise<Refreshes> {
  const path = mkdtempSync(join(directory, "refreshes-"));
  try {
    return await runProgram(["--database", join(path, "openshell.db")], seconds);
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

async function inPostgres(postgres: Postgres, seconds: number): Promise<Refreshes> {
  await using database = await postgres.createDatabase();
  const postmaster = await postmasterOf(database);
  return runProgram(["--database", database.url.reveal(), "--postmaster", postmaster], seconds);
}

async function runProgram(options: readonly string[], seconds: number): Promise<Refreshes> {
  const given = [...options, "--seconds", String(seconds), "--families", String(families)];
  const { stdout } = await run(process.execPath, [program, ...given], { timeout: longestRunMs, maxBuffer: 2 ** 28 });
  return JSON.parse(stdout) as Refreshes;
}

async function medianOf(
  store: DurableFigures["store"],
  rounds: number,
  measure: () => Promise<Refreshes>,
): Promise<DurableFigures> {
  const all: Refreshes[] = [];
  for (let round = 0; round < rounds; round += 1) all.push(await measure());
  return {
    ...{ store, families },
    perSecond: median(all.map(({ refreshes, seconds }) => refreshes / seconds)),
    perCpuSecond: median(all.map(({ refreshes, cpuSeconds }) => refreshes / cpuSeconds)),
    databaseMicroseconds: median(all.map((one) => (one.databaseCpuSeconds / one.refreshes) * 1e6)),
  };
}

/** The process that Postgres runs under, on this machine. */
async function postmasterOf(database: TestDatabase): Promise<string> {
  const [{ directory = "" } = {}] = await database.query<{ directory: string }>(
    "select current_setting('data_directory') as directory",
  );
  return readFileSync(join(directory, "postmaster.pid"), "utf8").split("\n")[0] ?? "";
}
