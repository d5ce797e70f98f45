import type { Queries } from "./database.ts";

/** Settings by key; the values are the JSON of an `openshell.sandbox.v1.SettingValue`. */
export type StoredSettings = Readonly<Record<string, string>>;

/** The settings of some scopes, or of all of them, by scope. */
export async function readSettings(db: Queries, scopes?: readonly string[]): Promise<Map<string, StoredSettings>> {
  const rows = await db
    .selectFrom("config_settings")
    .selectAll()
    .$if(scopes !== undefined, (query) => query.where("scope", "in", scopes ?? []))
    .orderBy("key")
    .execute();
  const byScope = Map.groupBy(rows, (row) => row.scope);
  return new Map(
    byScope.entries().map(([name, own]) => [name, Object.fromEntries(own.map(({ key, value }) => [key, value]))]),
  );
}

/** Sets a setting, or deletes it where there is no value. */
export async function writeSetting(db: Queries, scope: string, key: string, value: string | undefined): Promise<void> {
  if (value === undefined) {
    await db.deleteFrom("config_settings").where("scope", "=", scope).where("key", "=", key).execute();
    return;
  }
  await db
    .insertInto("config_settings")
    .values({ scope, key, value })
    .onConflict((conflict) => conflict.columns(["scope", "key"]).doUpdateSet({ value }))
    .execute();
}
