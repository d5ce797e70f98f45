/** Primary result codes (sqlite.org/rescode.html) that accuse the query and not the database: ERROR, CONSTRAINT, MISMATCH, RANGE. */
const faultsOfTheQuery = new Set([1, 19, 20, 25]);

/** Whether the database could not do its work (disk full or gone, file locked or damaged, closed), whatever the query was. */
export function isSqliteUnavailable(thrown: unknown): boolean {
  if (!(thrown instanceof Error) || !("code" in thrown)) return false;
  if (thrown.code === "ERR_INVALID_STATE") return true;
  if (thrown.code !== "ERR_SQLITE_ERROR") return false;
  const extended = "errcode" in thrown && typeof thrown.errcode === "number" ? thrown.errcode : 0;
  return !faultsOfTheQuery.has(extended & 0xff);
}
