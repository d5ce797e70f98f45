import pg from "pg";

/** Object ids of types in every Postgres: pg_type.dat. */
const int8 = 20;
const bytea = 17;

/**
 * How columns come back, for our connections alone: 64-bit integers as numbers, which hold what this program writes
 * (times, counters), and bytes as plain `Uint8Array`, as SQLite gives them.
 */
export function columnValues(): pg.CustomTypesConfig {
  const parseBytes: (text: string) => Buffer = pg.types.getTypeParser(bytea);
  const types = new pg.TypeOverrides();
  types.setTypeParser(int8, parseWhole);
  types.setTypeParser(bytea, (text: string) => new Uint8Array(parseBytes(text)));
  return types;
}

function parseWhole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError("the database holds a number that this program cannot hold");
  return value;
}
