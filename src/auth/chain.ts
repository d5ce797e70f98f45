import { anonymous, type Principal } from "../core/principal.ts";
import { accepted, refused, type Verdict } from "../core/refusal.ts";
import type { Authenticator, Outcome, Presented } from "./authenticator.ts";

export interface ChainOptions {
  /** Asked in this order; the first that does not decline decides. */
  readonly authenticators: readonly Authenticator[];
  /** Who a caller without any credential is, if not anonymous (requirements A5, A6). */
  readonly withoutCredential?: Authenticator | undefined;
}

/** Finds out who presented a call: at once, unless an authenticator has to wait for something. */
export type Authenticate = (presented: Presented) => Verdict<Principal> | Promise<Verdict<Principal>>;

/**
 * Turns what a caller presented into a principal (requirement A1).
 * A credential that nobody recognises is refused; it never falls through to the caller without one.
 */
export function createChain({ authenticators, withoutCredential }: ChainOptions): Authenticate {
  const fallback = withoutCredential ? [withoutCredential] : [];

  function ask(asked: readonly Authenticator[], presented: Presented): ReturnType<Authenticate> {
    for (const [at, authenticator] of asked.entries()) {
      const outcome = authenticator.authenticate(presented);
      if (outcome instanceof Promise) {
        return outcome.then((settled) => verdictOf(settled) ?? ask(asked.slice(at + 1), presented));
      }
      const verdict = verdictOf(outcome);
      if (verdict) return verdict;
    }
    return presented.bearer === undefined ? accepted(anonymous) : refused("credential-unrecognised");
  }

  return (presented) => ask(presented.bearer === undefined ? fallback : authenticators, presented);
}

/** Undefined where the next one is to be asked. */
function verdictOf(outcome: Outcome): Verdict<Principal> | undefined {
  switch (outcome.kind) {
    case "accept":
      return accepted(outcome.principal);
    case "refuse":
      return refused(outcome.reason);
    case "decline":
      return undefined;
  }
}
