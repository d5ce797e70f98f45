import { join, resolve } from "node:path";
import type { Secret } from "../core/secret.ts";
import type { Problems } from "./config-error.ts";
import type { GatewayConfig } from "./gateway-config.ts";
import type { Setting } from "./setting.ts";

const sqlite = /^sqlite:(?:\/\/(?=\/))?(?<path>[^?#]+)$/;

/** The database. What is wrong with its URL is told without a byte of it. */
export function resolveDatabase(
  { value, where = "" }: Setting<Secret | undefined>,
  stateDir: string,
  problems: Problems,
): GatewayConfig["database"] {
  const standard = { kind: "sqlite", path: join(stateDir, "gateway", "openshell.db") } as const;
  if (value === undefined) return standard;
  const url = value.reveal();
  const path = sqlite.exec(url)?.groups?.["path"];
  if (path !== undefined && path !== ":memory:") return { kind: "sqlite", path: resolve(path) };
  problems.add(where, whyNot(url));
  return standard;
}

function whyNot(url: string): string {
  if (/^postgres(ql)?:/.test(url)) return "this gateway does not have Postgres yet; expected sqlite:<path>";
  if (url.startsWith("sqlite::memory:"))
    return "a database in memory would forget what was revoked; expected sqlite:<path>";
  return `expected sqlite:<path> without a query, got a string of ${url.length} characters`;
}
