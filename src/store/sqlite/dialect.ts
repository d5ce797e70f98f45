import { SqliteAdapter, SqliteDialect } from "kysely";
import { openConnection } from "./connection.ts";

/** Kysely's SQLite dialect over `node:sqlite`. */
export class NodeSqliteDialect extends SqliteDialect {
  constructor(path: string) {
    super({ database: async () => openConnection(path) });
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter();
  }
}

/** SQLite rolls schema changes back like any other; kysely uses that only where it is told. A crash leaves no half migration. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}
