import { hash } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import type { SandboxPrincipal } from "../../core/principal.ts";
import { RecentlyUsed } from "../../core/recently-used.ts";

export interface VerifiedTokensOptions {
  /** How many tokens are remembered at most. */
  readonly capacity: number;
  readonly clock: Clock;
}

/** A token that is used less often than this is verified again, in milliseconds. Most that are not were refreshed since. */
const turnMs = 600_000;

/**
 * Remembers whose signature was verified, so that it is verified once. It holds digests, not tokens: nothing here can be
 * presented to anybody, so that no heap dump is a list of credentials. A digest costs 0.7 microseconds a call; shorter keys
 * than one of the whole token, its id or its signature, would let another spelling pass for the token that was verified.
 */
export class VerifiedTokens {
  readonly #principals: RecentlyUsed<string, SandboxPrincipal>;

  constructor({ capacity, clock }: VerifiedTokensOptions) {
    this.#principals = new RecentlyUsed({ capacity, turn: { clock, ms: turnMs } });
  }

  /** The key under which a token is remembered. */
  digest(token: string): string {
    return hash("sha256", token, "base64");
  }

  get(digest: string): SandboxPrincipal | undefined {
    return this.#principals.get(digest);
  }

  add(digest: string, principal: SandboxPrincipal): void {
    this.#principals.set(digest, principal);
  }

  /** How many are remembered. */
  get size(): number {
    return this.#principals.size;
  }
}
