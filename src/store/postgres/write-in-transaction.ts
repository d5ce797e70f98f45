import type { Kysely } from "kysely";
import type { Queries } from "../database.ts";
import type { Tables } from "../schema/index.ts";
import { isConflict } from "./unavailable.ts";

/** How often a job is tried whose transaction met another one. */
const attempts = 5;

/**
 * Runs a job in a transaction of its own; Postgres itself lets concurrent commits share a wait for the disk. It is READ
 * COMMITTED: a job that reads what it then writes locks the row first. Where the answer to the commit was lost, the job
 * may be stored although this rejects, as with any database over a network: every job is such that it can be tried again.
 */
export function writeInTransaction<T>(db: Kysely<Tables>, job: (db: Queries) => Promise<T>): Promise<T> {
  return untilItMetNobody(() => once(db, job));
}

/** Runs a single statement, which Postgres makes a transaction of by itself; otherwise as {@link writeInTransaction}. */
export function writeByItself<T>(db: Kysely<Tables>, statement: (db: Queries) => Promise<T>): Promise<T> {
  return untilItMetNobody(() => statement(db));
}

async function untilItMetNobody<T>(attemptOnce: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await attemptOnce();
    } catch (thrown) {
      if (attempt === attempts || !isConflict(thrown)) throw thrown;
    }
  }
}

async function once<T>(db: Kysely<Tables>, job: (db: Queries) => Promise<T>): Promise<T> {
  let cause: { readonly thrown: unknown } | undefined;
  try {
    return await db
      .transaction()
      .setIsolationLevel("read committed")
      .execute(async (transaction) => {
        try {
          return await job(transaction);
        } catch (thrown) {
          cause = { thrown };
          throw thrown;
        }
      });
  } catch (thrown) {
    // Where the connection is gone, the rollback fails too and has less to say.
    throw cause ? cause.thrown : thrown;
  }
}
