/** The gateway's own tokens: keys, issue, verify, admission, refresh, revocation and the leases of streams. */
export {
  createTokens,
  type TokenChecks,
  type Tokens,
  type TokensOptions,
} from "./create-tokens.ts";
export type { DeliverToken } from "./delivery.ts";
export type { Family, FamilyStore, RevocationCause, Successor } from "./family-store.ts";
export type { IssueCause } from "./issue.ts";
export type { IssuedToken } from "./issued-token.ts";
export { createKeyRing, type KeyRing, type KeyState, type RingKey } from "./key-ring.ts";
export { tokenConflictMetadata } from "./refresh.ts";
export { createSigner } from "./signer.ts";
export { generateSigningKey, readSigningKey } from "./signing-key.ts";
export type { UnverifiedToken } from "./verify.ts";
