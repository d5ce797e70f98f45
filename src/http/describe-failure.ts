/** Three base64url segments: whatever looks like a signed token. */
const tokenLike = /[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/g;
const longest = 4_000;

/** A thrown value for the log: its stack with whatever looks like a token taken out, and its causes' (T7, A-78). */
export function describeFailure(thrown: unknown): string {
  const said: string[] = [];
  for (let at: unknown = thrown; at !== undefined && said.length < 5; at = at instanceof Error ? at.cause : undefined) {
    said.push(at instanceof Error ? (at.stack ?? `${at.name}: ${at.message}`) : String(at));
  }
  return said.join("\ncaused by ").replace(tokenLike, "[token]").slice(0, longest);
}
