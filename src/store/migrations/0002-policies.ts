import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** Policies and settings, of each sandbox and of the gateway as a whole. */
export const policies: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable("config_scopes")
      .addColumn("scope", "text", (column) => column.primaryKey())
      .addColumn("revision", "bigint", (column) => column.notNull())
      .addColumn("policy_version", "integer", (column) => column.notNull())
      .addColumn("policy_active", "integer", (column) => column.notNull())
      .addColumn("policy_owner", "text")
      .execute();

    await db.schema
      .createTable("policy_revisions")
      .addColumn("scope", "text", (column) => column.notNull())
      .addColumn("version", "integer", (column) => column.notNull())
      .addColumn("policy", "text", (column) => column.notNull())
      .addColumn("policy_hash", "text", (column) => column.notNull())
      .addColumn("status", "text", (column) => column.notNull())
      .addColumn("load_error", "text")
      .addColumn("source", "text", (column) => column.notNull())
      .addColumn("principal", "text", (column) => column.notNull())
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .addColumn("loaded_at", "bigint")
      .addPrimaryKeyConstraint("policy_revisions_key", ["scope", "version"])
      .execute();

    await db.schema
      .createTable("config_settings")
      .addColumn("scope", "text", (column) => column.notNull())
      .addColumn("key", "text", (column) => column.notNull())
      .addColumn("value", "text", (column) => column.notNull())
      .addPrimaryKeyConstraint("config_settings_key", ["scope", "key"])
      .execute();
  },
};
