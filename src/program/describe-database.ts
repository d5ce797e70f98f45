import type { DatabaseConfig } from "../config/index.ts";

/** Which database it is, for people: never the user or the password. */
export function describeDatabase(database: DatabaseConfig): string {
  if (database.kind === "sqlite") return database.path;
  const url = new URL(database.url.reveal());
  const host = url.searchParams.get("host") || url.hostname;
  return `${decodeURIComponent(url.pathname.slice(1))}, Postgres on ${decodeURIComponent(host)}`;
}
