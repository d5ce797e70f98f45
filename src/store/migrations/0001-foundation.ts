import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { bytesType } from "../engine-differences.ts";

/** Sandboxes and token families. A family outlives its sandbox: it is the proof that its tokens were revoked. */
export const foundation: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable("sandboxes")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("workspace", "text", (column) => column.notNull())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("spec", bytesType(db), (column) => column.notNull())
      .addColumn("labels", "text", (column) => column.notNull())
      .addColumn("annotations", "text", (column) => column.notNull())
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .addColumn("resource_version", "bigint", (column) => column.notNull())
      .addColumn("desired", "text", (column) => column.notNull())
      .addUniqueConstraint("sandboxes_name", ["workspace", "name"])
      .execute();

    await db.schema
      .createTable("token_families")
      .addColumn("family_id", "text", (column) => column.primaryKey())
      .addColumn("sandbox_id", "text", (column) => column.notNull())
      .addColumn("generation", "bigint", (column) => column.notNull())
      .addColumn("key_id", "text", (column) => column.notNull())
      .addColumn("issued_at", "bigint", (column) => column.notNull())
      .addColumn("expires_at", "bigint", (column) => column.notNull())
      .addColumn("presented", "integer", (column) => column.notNull())
      .addColumn("rotated_at", "bigint")
      .addColumn("revoked_at", "bigint")
      .addColumn("revoked_for", "text")
      .execute();
    await db.schema.createIndex("token_families_sandbox").on("token_families").column("sandbox_id").execute();
    await db.schema.createIndex("token_families_expiry").on("token_families").column("expires_at").execute();
  },
};
