import type { KeyObject } from "node:crypto";
import { rawPublicKey } from "./pkcs8.ts";
import type { Signer } from "./signer.ts";

/**
 * A key's place in its life (architecture, Keys). `next` is published and verifies what another replica, which changed
 * over first, signed with it; `active` signs; `retiring` verifies what it signed before. A retired key is not in the ring.
 */
export type KeyState = "next" | "active" | "retiring";

export interface RingKey {
  readonly keyId: string;
  readonly state: KeyState;
  readonly publicKey: KeyObject;
  /** Undefined where only the public half is here. */
  readonly signer: Signer | undefined;
}

/** A public key as RFC 7517 and RFC 8037 spell it. */
interface PublicJwk {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly alg: "EdDSA";
  readonly use: "sig";
  readonly kid: string;
  readonly x: string;
}

/** The keys of now. Asked anew for each token, so that a ring may change while it serves (requirement T2). */
export interface KeyRing {
  /** Signs new tokens. */
  readonly active: Signer;
  /** The key that verifies; undefined where it is not, or no longer, in the ring. */
  find(keyId: string): RingKey | undefined;
  /** All keys that verify, public members only (requirement G7). */
  jwks(): { readonly keys: readonly PublicJwk[] };
  /**
   * Calls `listener` with the id of each key that is revoked: at once with those that were before, later whenever one is
   * taken out of the ring. All tokens that it signed have to end.
   */
  onRevoked(listener: (keyId: string) => void): Disposable;
}

const nothingToEnd: Disposable = { [Symbol.dispose]: () => undefined };

/**
 * A ring of these keys, which never changes.
 * @throws Error where an id stands twice, or not exactly one key is active, or the active one cannot sign.
 */
export function createKeyRing(keys: readonly RingKey[]): KeyRing {
  const byId = new Map(keys.map((key) => [key.keyId, key]));
  if (byId.size !== keys.length) throw new Error("two keys of the ring have the same id");
  const [active, ...others] = keys.filter((key) => key.state === "active");
  if (!active?.signer || others.length > 0)
    throw new Error("exactly one key of the ring must be active, and able to sign");
  const jwks = { keys: keys.map(toJwk) };
  return {
    active: active.signer,
    find: (keyId) => byId.get(keyId),
    jwks: () => jwks,
    onRevoked: () => nothingToEnd,
  };
}

const toJwk = ({ keyId, publicKey }: RingKey): PublicJwk => ({
  kty: "OKP",
  crv: "Ed25519",
  alg: "EdDSA",
  use: "sig",
  kid: keyId,
  x: rawPublicKey(publicKey).toString("base64url"),
});
