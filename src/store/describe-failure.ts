/**
 * What may be logged of a database's error: its code and its sentence. The object itself can hold the connection with
 * all that it was opened with.
 */
export function describeFailure(thrown: unknown): { code: string; reason: string } {
  const { error, code } = innermost(thrown);
  return { code: code ?? "none", reason: error instanceof Error ? error.message : "unknown" };
}

/** The first of an error and its causes that has a code, else the last of them. */
function innermost(thrown: unknown): { error: unknown; code: string | undefined } {
  let error = thrown;
  for (let depth = 0; depth < 5; depth += 1) {
    if (!(error instanceof Error)) break;
    if ("code" in error && typeof error.code === "string") return { error, code: error.code };
    if (error.cause === undefined) break;
    error = error.cause;
  }
  return { error, code: undefined };
}
