/**
 * What a person is told of a failure: its sentence, and that of the system or of the database which caused it, as these
 * have a code. Other causes are not told: a parser's quotes what it was given, and that may be a secret (requirement T7).
 */
export function explain(failed: unknown): string {
  if (!(failed instanceof Error)) return "failed";
  const cause = coded(failed.cause);
  return cause === undefined || failed.message.includes(cause) ? failed.message : `${failed.message} (${cause})`;
}

/** The sentence of the first in a chain of causes that has a code. */
function coded(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  return "code" in cause && cause.message !== "" ? cause.message : coded(cause.cause);
}
