import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { demandKnown } from "../migrate.ts";
import { busyTimeoutMs } from "./connection.ts";

/** @throws Error where the file is not a whole database of a gateway, or is one of a newer gateway. */
export function demandOurs(path: string): void {
  if (!existsSync(path)) throw new Error(`${path} does not exist`);
  demandKnown(read(path));
}

function read(path: string): string[] {
  try {
    using database = new DatabaseSync(path, { readOnly: true, timeout: busyTimeoutMs });
    const [check] = database.prepare("pragma integrity_check(1)").all();
    if (check?.["integrity_check"] !== "ok") throw new Error("it is damaged");
    database.prepare("select family_id from token_families limit 1").all();
    return database
      .prepare("select name from schema_migrations")
      .all()
      .map(({ name }) => String(name));
  } catch (cause) {
    throw new Error(`${path} is not a whole database of a gateway`, { cause });
  }
}
