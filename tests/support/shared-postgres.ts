import {
  canStartPostgres,
  goesWithTheRunVariable,
  type OwnPostgres,
  sharedUrlVariable,
  startPostgres,
} from "./postgres.ts";

let postgres: OwnPostgres | undefined;

/**
 * Starts one Postgres for all tests that need no engine of their own, before any of them runs: to make one for each file
 * would cost more than what the tests do with it. Whoever names one has theirs used.
 */
export async function setup(): Promise<void> {
  if (process.env[sharedUrlVariable] !== undefined || !canStartPostgres) return;
  postgres = await startPostgres({ fsync: "off", full_page_writes: "off", max_connections: "400" });
  process.env[sharedUrlVariable] = `postgres://openshell@127.0.0.1:${postgres.port}/postgres`;
  process.env[goesWithTheRunVariable] = "yes";
}

export async function teardown(): Promise<void> {
  await postgres?.[Symbol.asyncDispose]();
}
