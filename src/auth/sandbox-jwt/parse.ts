import { accepted, refused, type Verdict } from "../../core/refusal.ts";
import type { UnverifiedToken } from "../../tokens/index.ts";
import { decodeBase64Url } from "./base64url.ts";

const maxLength = 4096;
const maxKeyIdLength = 64;
/** Of an Ed25519 signature, in bytes (RFC 8032, section 5.1.6). */
const signatureLength = 64;

/**
 * Takes a compact JWS apart, strictly: each token has exactly one spelling, so that a cache or a revocation list can
 * trust what it looks up. Nothing here is verified yet. Stricter than RFC 7515 where that leaves room: padding, unused
 * bits, duplicate or unknown header members.
 */
export function parseToken(compact: string): Verdict<UnverifiedToken> {
  const segments = compact.length <= maxLength ? compact.split(".") : [];
  const [header, body, signature] = segments.map(decodeBase64Url);
  if (segments.length !== 3 || !header || !body || signature?.length !== signatureLength) {
    return refused("token-malformed");
  }
  const head = decodeObject(header);
  const payload = decodeObject(body);
  const keyId = head && readHeader(head);
  if (!keyId || !payload) return refused("token-malformed");
  return accepted({ keyId, payload, signature, signed: compact.slice(0, compact.lastIndexOf(".")) });
}

/**
 * The object that the bytes spell, if they are what JSON.stringify writes for it. That one comparison refuses duplicate
 * members, a byte order mark, white space, `1e400` and bad UTF-8.
 */
function decodeObject(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject && Buffer.from(JSON.stringify(value)).equals(bytes)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The key id of a header with these three members and no other (A-06..A-13, A-16, A-17). */
function readHeader({ alg, typ, kid, ...rest }: Record<string, unknown>): string | undefined {
  const isOurs = alg === "EdDSA" && typ === "JWT" && Object.keys(rest).length === 0;
  return isOurs && typeof kid === "string" && kid.length <= maxKeyIdLength ? kid : undefined;
}
