/**
 * The key id that a credential's header names, read leniently and believed by nobody: it decides only who is asked.
 * Undefined where there is none to be read.
 */
export function peekKeyId(credential: string): string | undefined {
  const end = credential.indexOf(".");
  if (end < 0) return undefined;
  try {
    const header: unknown = JSON.parse(Buffer.from(credential.slice(0, end), "base64url").toString("utf8"));
    const isObject = typeof header === "object" && header !== null;
    return isObject && "kid" in header && typeof header.kid === "string" ? header.kid : undefined;
  } catch {
    return undefined;
  }
}
