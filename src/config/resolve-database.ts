import { join, resolve } from "node:path";
import type { Problems } from "./config-error.ts";
import type { DatabaseConfig } from "./gateway-config.ts";
import type { Settings } from "./setting.ts";

const sqlite = /^sqlite:(?:\/\/(?=\/))?(?<path>[^?#]+)$/;
/** What else a URL may say, the store knows. A password with a bare slash in it is none of this form. */
const postgres = /^postgres(ql)?:\/\/[^/]*\/[^/?#]+([?#]|$)/;

const sqliteShape = "sqlite:<path> without a query";
const postgresShape = "postgres://user:password@host:port/database";

/** The database. What is wrong with its URL is told without a byte of it. */
export function resolveDatabase(
  { databaseUrl: { value, where = "" }, databaseConnections }: Pick<Settings, "databaseUrl" | "databaseConnections">,
  stateDir: string,
  problems: Problems,
): DatabaseConfig {
  const standard = { kind: "sqlite", path: join(stateDir, "gateway", "openshell.db") } as const;
  if (value === undefined) return standard;
  const url = value.reveal();
  const path = sqlite.exec(url)?.groups?.["path"];
  if (path !== undefined && path !== ":memory:") return { kind: "sqlite", path: resolve(path) };
  if (postgres.test(url) && URL.canParse(url)) {
    return { kind: "postgres", url: value, connections: databaseConnections.value };
  }
  problems.add(where, whyNot(url));
  return standard;
}

function whyNot(url: string): string {
  if (url.startsWith("sqlite::memory:"))
    return "a database in memory would forget what was revoked; expected sqlite:<path>";
  const expected = /^postgres(ql)?:/.test(url)
    ? `${postgresShape}, what is special in a URL escaped as %XX`
    : `${sqliteShape}, or ${postgresShape}`;
  return `expected ${expected}, got a string of ${url.length} characters`;
}
