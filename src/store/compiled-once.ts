import { type CompiledQuery, type DialectAdapter, type RawBuilder, sql } from "kysely";
import type { Queries } from "./database.ts";

type Value = string | number | null;

/** Stands in a query for a value that each run gives. */
class Blank {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** Runs the query with these values; resolves to its rows. */
export type RunQuery<V, R> = (db: Queries, values: V) => Promise<R[]>;

/**
 * A query that is built and compiled once for each database that it is asked of; a run only gives its values. For what is
 * asked all the time: kysely takes as long to build and compile an update as SQLite to run it.
 * @param build makes the query, with `value(name)` where a value of that name belongs
 */
export function compiledOnce<V extends Readonly<Record<keyof V, Value>>, R>(
  build: (
    db: Queries,
    value: <K extends keyof V & string>(name: K) => RawBuilder<V[K]>,
  ) => { compile(): CompiledQuery<R> },
): RunQuery<V, R> {
  const compiled = new WeakMap<DialectAdapter, CompiledQuery<R>>();

  function queryFor(db: Queries): CompiledQuery<R> {
    const { adapter } = db.getExecutor();
    const known = compiled.get(adapter);
    if (known) return known;
    const query = build(db, (name) => sql`${new Blank(name)}`).compile();
    compiled.set(adapter, query);
    return query;
  }

  return async (db, values) => {
    const query = queryFor(db);
    const parameters = query.parameters.map((one) => (one instanceof Blank ? values[one.name as keyof V] : one));
    const { rows } = await db.executeQuery<R>({ ...query, parameters });
    return rows;
  };
}
