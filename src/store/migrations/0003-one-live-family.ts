import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";

/**
 * A sandbox has one live family at most. Where several gateways write, the index is what holds that, whatever a query
 * forgets.
 */
export const oneLiveFamily: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createIndex("token_families_live")
      .unique()
      .on("token_families")
      .column("sandbox_id")
      .where(sql<boolean>`revoked_at is null`)
      .execute();
  },
};
