import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { SqliteDatabase, SqliteStatement } from "kysely";
import { createPrivateFile } from "./private-file.ts";

/** Compiled statements that are kept; the gateway's queries are a fixed set of about fifty. */
const keptStatements = 200;

/** How long a statement waits for another process that reads, backs up or closes the database, in milliseconds. */
export const busyTimeoutMs = 5_000;

/**
 * Opens a database file for kysely. `synchronous=FULL` makes a commit wait for the disk: what was acknowledged is
 * there after a loss of power (requirement T6).
 */
export function openConnection(path: string): SqliteDatabase {
  createPrivateFile(path);
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
  try {
    database.exec("pragma journal_mode = wal; pragma synchronous = full");
  } catch (cause) {
    database.close();
    throw new Error(`${path} cannot be opened as a SQLite database`, { cause });
  }
  const statements = new Map<string, SqliteStatement>();
  return {
    prepare(sql) {
      const known = statements.get(sql);
      if (known) return known;
      const statement = adapt(database.prepare(sql));
      if (statements.size < keptStatements) statements.set(sql, statement);
      return statement;
    },
    close() {
      statements.clear();
      database.close();
    },
  };
}

function adapt(statement: StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
    run: (parameters) => statement.run(...(parameters as SQLInputValue[])),
    iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
  };
}
