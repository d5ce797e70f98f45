import { accepted, refused, type Verdict } from "../core/refusal.ts";

const longestToken = 4096;
const scheme = "bearer ";
/** b64token of RFC 6750, section 2.1: no space, no comma, so that two joined credentials are none. */
const token = /^[A-Za-z0-9\-._~+/]+=*$/;

/**
 * Takes the bearer credential out of a call's Authorization values, as sent and in order. Undefined where none came.
 * There is one way to present one: a single value, `Bearer`, one space, the token. Anything else is
 * refused, so that nobody who presented something is taken for a caller without a credential. Length comes first, before
 * any work is done on the text.
 */
export function readBearer(authorization: readonly string[]): Verdict<string | undefined> {
  const [value, ...others] = authorization;
  if (value === undefined) return accepted(undefined);
  if (others.length > 0) return refused("credential-ambiguous");
  if (value.length > scheme.length + longestToken) return refused("credential-malformed");
  const bearer = value.slice(scheme.length);
  const isBearer = value.slice(0, scheme.length).toLowerCase() === scheme && token.test(bearer);
  return isBearer ? accepted(bearer) : refused("credential-malformed");
}
