import type { Kysely } from "kysely";
import type { Tables } from "./schema/index.ts";

/** What a query file builds its queries on: a connection, or a job's part of a transaction. */
export type Queries = Kysely<Tables>;

/**
 * The database as the query files see it. Both methods reject with a `Refusal` `store-unavailable` where the database
 * could not do its work; whatever else a job throws comes through as it is.
 */
export interface Database {
  /** Reads what is committed. */
  read<T>(query: (db: Queries) => Promise<T>): Promise<T>;
  /**
   * Runs a job that writes, and resolves after it was committed to the disk. The job is atomic: where it throws, nothing
   * of it stays. It shares its transaction with other callers' jobs, so it must await its own queries and nothing else. It
   * may be run again, where another one failed or met its transaction: its queries and its answer are all that it does.
   */
  write<T>(job: (db: Queries) => Promise<T>): Promise<T>;
  /**
   * As {@link write}, for a job that is a single statement. That is atomic by itself, so that a server is asked once and not
   * three times.
   */
  writeOne<T>(statement: (db: Queries) => Promise<T>): Promise<T>;
}
