import fc from "fast-check";
import { afterAll, beforeAll, describe, test } from "vitest";
import { describePostgres } from "../support/postgres.ts";
import { databasesForTests } from "../support/temporary-store.ts";
import { commands } from "./rotation/commands.ts";
import { type Database, postgresDatabase, sqliteDatabase } from "./rotation/databases.ts";
import { World } from "./rotation/world.ts";

/** How often each is run; more by hand, with `OPENSHELL_MODEL_RUNS`, and another seed with `OPENSHELL_MODEL_SEED`. */
const numRuns = Number(process.env["OPENSHELL_MODEL_RUNS"] ?? 25);
const seed = Number(process.env["OPENSHELL_MODEL_SEED"] ?? 20_260_722);
const timeout = 60_000 + numRuns * 2_000;

function defineModel(open: () => Promise<Database>): void {
  let database: Database | undefined;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database?.[Symbol.asyncDispose]());

  test("whatever happens: one successor, nothing revoked is served, nobody stranded", { timeout }, async () => {
    const property = fc.asyncProperty(commands, async (script) => {
      if (!database) throw new Error("there is no database");
      await using world = await World.start(database);
      for (const command of script) await world.run(command);
      await world.probe();
    });
    await fc.assert(property, { numRuns, seed, endOnFailure: false });
  });
}

describe("rotation on two replicas, in SQLite", () => defineModel(sqliteDatabase));

describePostgres("rotation on two replicas, in Postgres", () => {
  const databases = databasesForTests();
  defineModel(async () => postgresDatabase(await databases().create()));
});
