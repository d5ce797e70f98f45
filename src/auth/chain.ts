import { anonymous, type Principal } from "../core/principal.ts";
import { accepted, refused, type Verdict } from "../core/refusal.ts";
import type { Authenticator, Presented } from "./authenticator.ts";

export interface ChainOptions {
  /** Asked in this order; the first that does not decline decides. */
  readonly authenticators: readonly Authenticator[];
  /** Who a caller without any credential is, if not anonymous (requirements A5, A6). */
  readonly withoutCredential?: Authenticator | undefined;
}

/** Finds out who presented a call. */
export type Authenticate = (presented: Presented) => Promise<Verdict<Principal>>;

/**
 * Turns what a caller presented into a principal (requirement A1).
 * A credential that nobody recognises is refused; it never falls through to the caller without one.
 */
export function createChain({ authenticators, withoutCredential }: ChainOptions): Authenticate {
  return async (presented) => {
    const asked = presented.bearer === undefined ? [withoutCredential] : authenticators;
    for (const authenticator of asked) {
      const outcome = await authenticator?.authenticate(presented);
      if (outcome?.kind === "accept") return accepted(outcome.principal);
      if (outcome?.kind === "refuse") return refused(outcome.reason);
    }
    return presented.bearer === undefined ? accepted(anonymous) : refused("credential-unrecognised");
  };
}
