import { type Selectable, sql } from "kysely";
import { parseSandboxId, type SandboxId } from "../core/ids.ts";
import type { Database, Queries } from "./database.ts";
import { isSqlite } from "./engine-differences.ts";
import type {
  Author,
  ConfigScope,
  PolicyReport,
  PolicyStore,
  PolicyText,
  ScopeChange,
  StoredScope,
} from "./policy-store.ts";
import type { ConfigScopeRow } from "./schema/policies.ts";
import { readSettings, type StoredSettings, writeSetting } from "./settings.ts";
import { stored } from "./stored.ts";

/** Revisions that are kept for each scope; the loaded one is kept however old it is. */
const keptRevisions = 50;

/** Policies and settings in the database. */
export function createPolicyStore(database: Database): PolicyStore {
  return {
    load: () =>
      database.write(async (db) => {
        await db
          .insertInto("config_scopes")
          .values(emptyScope("global"))
          .onConflict((conflict) => conflict.doNothing())
          .execute();
        await forgetOrphans(db);
        return readScopes(db);
      }),

    findMany: (scopes) => database.read(async (db) => (scopes.length === 0 ? [] : readScopes(db, scopes))),

    insert: (id, policy, author) =>
      database.write(async (db) => {
        await db.insertInto("config_scopes").values(emptyScope(id)).execute();
        if (policy) await writePolicy(db, id, 1, policy, author);
        return readScope(db, id);
      }),

    change: (scope, author, decide) =>
      database.write(async (db) => {
        if (!(await lock(db, scope))) return undefined;
        if (scope !== "global") await holdGlobal(db);
        const own = await readScope(db, scope);
        const global = scope === "global" ? own : await readScope(db, "global");
        const resourceVersion = scope === "global" ? undefined : await readResourceVersion(db, scope);
        const change = decide({ own, global, resourceVersion });
        if (!change) return { scope: own, changed: false, resourceVersion };
        await apply(db, own, change, author);
        return {
          scope: await readScope(db, scope),
          changed: true,
          resourceVersion: scope === "global" ? undefined : await nextResourceVersion(db, scope),
        };
      }),

    report: (id, report) =>
      database.write(async (db) => {
        const reported = (await lock(db, id)) && (await writeReport(db, id, report));
        return reported ? readScope(db, id) : undefined;
      }),

    remove: (id) => database.write((db) => removeScope(db, id)),
  };
}

const emptyScope = (scope: ConfigScope): ConfigScopeRow => ({
  scope,
  revision: 0,
  policy_version: 0,
  policy_active: 0,
  policy_owner: null,
});

/** A write that changes nothing keeps other transactions from the row until this one ends, on every database. */
async function lock(db: Queries, scope: ConfigScope): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("config_scopes")
    .set({ revision: sql`revision` })
    .where("scope", "=", scope)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

/** What a sandbox's change was decided on must not change before it is stored. SQLite has one writer at a time anyway. */
async function holdGlobal(db: Queries): Promise<void> {
  if (isSqlite(db)) return;
  await db.selectFrom("config_scopes").select("scope").where("scope", "=", "global").forShare().execute();
}

async function apply(db: Queries, own: StoredScope, change: ScopeChange, author: Author): Promise<void> {
  switch (change.kind) {
    case "policy":
      return writePolicy(db, own.scope, own.policyVersion + 1, change.policy, author);
    case "adopt":
      return writeScope(db, own.scope, { policy_owner: author.source });
    case "delete-policy":
      return writeScope(db, own.scope, { policy_active: 0 });
    case "setting":
      await writeSetting(db, own.scope, change.key, change.value);
      return writeScope(db, own.scope, {});
  }
}

async function writeScope(db: Queries, scope: ConfigScope, columns: Partial<ConfigScopeRow>): Promise<void> {
  await db
    .updateTable("config_scopes")
    .set({ ...columns, revision: sql`revision + 1` })
    .where("scope", "=", scope)
    .execute();
}

async function writePolicy(
  db: Queries,
  scope: ConfigScope,
  version: number,
  { canonical, hash }: PolicyText,
  { source, principal, at }: Author,
): Promise<void> {
  await supersedeOlder(db, scope, version, ["pending"]);
  await db
    .insertInto("policy_revisions")
    .values({
      scope,
      version,
      policy: canonical,
      policy_hash: hash,
      status: "pending",
      load_error: null,
      source,
      principal,
      created_at: at,
      loaded_at: null,
    })
    .execute();
  await db
    .deleteFrom("policy_revisions")
    .where("scope", "=", scope)
    .where("version", "<=", version - keptRevisions)
    .where("status", "<>", "loaded")
    .execute();
  await writeScope(db, scope, { policy_version: version, policy_active: 1, policy_owner: source });
}

async function writeReport(db: Queries, id: SandboxId, report: PolicyReport): Promise<boolean> {
  const { version, status, loadError, at } = report;
  const newest = await newestLoaded(db, id);
  const outdated = status === "loaded" && version < newest;
  const { numUpdatedRows } = await db
    .updateTable("policy_revisions")
    .set({
      status: outdated ? "superseded" : status,
      // Postgres takes no NUL in a text, and the sandbox may send one.
      load_error: loadError?.replaceAll("\0", "\ufffd") ?? null,
      ...(status === "loaded" && { loaded_at: at }),
    })
    .where("scope", "=", id)
    .where("version", "=", version)
    .executeTakeFirstOrThrow();
  if (status === "loaded") await supersedeOlder(db, id, version, ["pending", "loaded"]);
  return numUpdatedRows === 1n;
}

async function supersedeOlder(db: Queries, scope: ConfigScope, version: number, statuses: ("pending" | "loaded")[]) {
  await db
    .updateTable("policy_revisions")
    .set({ status: "superseded" })
    .where("scope", "=", scope)
    .where("version", "<", version)
    .where("status", "in", statuses)
    .execute();
}

async function newestLoaded(db: Queries, scope: ConfigScope): Promise<number> {
  const row = await db
    .selectFrom("policy_revisions")
    .select((columns) => columns.fn.max("version").as("version"))
    .where("scope", "=", scope)
    .where("status", "=", "loaded")
    .executeTakeFirst();
  return row?.version ?? 0;
}

async function readResourceVersion(db: Queries, id: SandboxId): Promise<number | undefined> {
  const row = await db.selectFrom("sandboxes").select("resource_version").where("id", "=", id).executeTakeFirst();
  return row?.resource_version;
}

async function nextResourceVersion(db: Queries, id: SandboxId): Promise<number | undefined> {
  const row = await db
    .updateTable("sandboxes")
    .set({ resource_version: sql`resource_version + 1` })
    .where("id", "=", id)
    .returning("resource_version")
    .executeTakeFirst();
  return row?.resource_version;
}

/**
 * A gateway that ended between a sandbox's deletion and its configuration's leaves rows that belong to nobody. So does,
 * for a moment, one that is making a sandbox, so where several share a database what was touched lately is left alone.
 */
async function forgetOrphans(db: Queries): Promise<void> {
  const orphans = db
    .selectFrom("config_scopes")
    .select("config_scopes.scope")
    .where("scope", "<>", "global")
    .where("scope", "not in", (query) => query.selectFrom("sandboxes").select("id"))
    .$if(!isSqlite(db), (query) =>
      query.where("scope", "not in", (inner) =>
        inner.selectFrom("changes").select("subject").where("kind", "=", "config"),
      ),
    );
  for (const { scope } of await orphans.execute()) await removeScope(db, scope);
}

/** The scope first: whoever changes it at the same time is waited for, and what that wrote goes too. */
async function removeScope(db: Queries, scope: string): Promise<void> {
  for (const table of ["config_scopes", "policy_revisions", "config_settings"] as const) {
    await db.deleteFrom(table).where("scope", "=", scope).execute();
  }
}

async function readScope(db: Queries, scope: ConfigScope): Promise<StoredScope> {
  const [found] = await readScopes(db, [scope]);
  if (!found) throw new Error(`the configuration of ${scope} is gone in the midst of its transaction`);
  return found;
}

async function readScopes(db: Queries, scopes?: readonly ConfigScope[]): Promise<StoredScope[]> {
  const rows = await db
    .selectFrom("config_scopes")
    .leftJoin("policy_revisions", (join) =>
      join
        .onRef("policy_revisions.scope", "=", "config_scopes.scope")
        .onRef("policy_revisions.version", "=", "config_scopes.policy_version")
        .on("config_scopes.policy_active", "=", 1),
    )
    .selectAll("config_scopes")
    .select(["policy_revisions.policy", "policy_revisions.policy_hash"])
    .select((columns) =>
      columns
        .selectFrom("policy_revisions as loaded")
        .select((inner) => inner.fn.max("loaded.version").as("version"))
        .whereRef("loaded.scope", "=", "config_scopes.scope")
        .where("loaded.status", "=", "loaded")
        .as("loaded_version"),
    )
    .$if(scopes !== undefined, (query) => query.where("config_scopes.scope", "in", scopes ?? []))
    .execute();
  const settings = await readSettings(db, scopes);
  return rows.map((row) => toScope(row, settings.get(row.scope) ?? {}));
}

interface JoinedRow extends Selectable<ConfigScopeRow> {
  policy: string | null;
  policy_hash: string | null;
  loaded_version: number | null;
}

const toScope = (row: JoinedRow, settings: StoredSettings): StoredScope => ({
  scope: row.scope === "global" ? "global" : stored(row.scope, parseSandboxId),
  revision: row.revision,
  policyVersion: row.policy_version,
  policy:
    row.policy !== null && row.policy_hash !== null ? { canonical: row.policy, hash: row.policy_hash } : undefined,
  owner: row.policy_owner ?? undefined,
  loadedVersion: row.loaded_version ?? 0,
  settings,
});
