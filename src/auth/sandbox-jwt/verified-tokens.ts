import { hash } from "node:crypto";
import type { SandboxPrincipal } from "../../core/principal.ts";

/**
 * Remembers whose signature was verified, so that it is verified once. It holds digests, not tokens: nothing here can be
 * presented to anybody. Two halves: what was used since the last turn, and what was used in the turn before; when the
 * first is full, the second is dropped.
 */
export class VerifiedTokens {
  #recent = new Map<string, SandboxPrincipal>();
  #older = new Map<string, SandboxPrincipal>();
  readonly #half: number;

  /** @param capacity How many tokens are remembered at most. */
  constructor(capacity: number) {
    this.#half = Math.max(1, Math.floor(capacity / 2));
  }

  /** The key under which a token is remembered. */
  digest(token: string): string {
    return hash("sha256", token, "base64");
  }

  get(digest: string): SandboxPrincipal | undefined {
    const recent = this.#recent.get(digest);
    if (recent) return recent;
    const older = this.#older.get(digest);
    if (older) this.add(digest, older);
    return older;
  }

  add(digest: string, principal: SandboxPrincipal): void {
    if (this.#recent.size >= this.#half) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(digest, principal);
  }

  /** How many are remembered. */
  get size(): number {
    return this.#recent.size + this.#older.size;
  }
}
