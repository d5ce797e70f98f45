import { parseSandboxId } from "../core/ids.ts";
import { parseTokenId, subjectOf, type TokenClaims } from "./claims.ts";

/** No token lives longer than this, whatever is configured (requirement T1). */
export const longestTtlSeconds = 86_400;

/**
 * Reads the claims of a payload whose signature is good; undefined unless they are exactly what this gateway mints:
 * each member of T1, of its type, and no other. That the token is in its time is not
 * checked here, as it changes.
 */
export function readClaims(payload: Readonly<Record<string, unknown>>, authority: string): TokenClaims | undefined {
  const { iss, aud, sub, sandbox_id: sandbox, iat, exp, jti, ...rest } = payload;
  if (iss !== authority || aud !== authority || Object.keys(rest).length > 0) return undefined;
  if (typeof sandbox !== "string" || typeof jti !== "string" || !isTime(iat) || !isTime(exp)) return undefined;
  const sandboxId = parseSandboxId(sandbox);
  const id = parseTokenId(jti);
  if (!sandboxId || !id || sub !== subjectOf(sandboxId)) return undefined;
  if (exp <= iat || exp - iat > longestTtlSeconds) return undefined;
  return { sandboxId, ...id, issuedAt: iat * 1000, expiresAt: exp * 1000 };
}

const isTime = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;
