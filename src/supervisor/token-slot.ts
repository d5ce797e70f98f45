import type { Secret } from "../core/secret.ts";
import { readClaims } from "./token-claims.ts";

/** The token that every call carries, as it stood at one moment. */
export interface HeldToken {
  readonly token: Secret;
  /** Grows with each swap; two calls with one version carried one token. */
  readonly version: number;
  /** Milliseconds since the epoch; undefined where the token names no expiry. */
  readonly expiresAt: number | undefined;
}

/** The one place of the process where its token is (requirement P2): a swap is seen by every caller at once. */
export class TokenSlot {
  #held: HeldToken | undefined;
  readonly #listeners = new Set<(held: HeldToken) => void>();

  /** Undefined until the first token came. */
  get held(): HeldToken | undefined {
    return this.#held;
  }

  /** 0 until the first token came. */
  get version(): number {
    return this.#held?.version ?? 0;
  }

  /** Takes a token's place by another; the same token again changes nothing. Returns whether it changed. */
  put(token: Secret): boolean {
    if (this.#held?.token.equals(token)) return false;
    const held = { token, version: this.version + 1, expiresAt: readClaims(token)?.expiresAt };
    this.#held = held;
    for (const listener of [...this.#listeners]) listener(held);
    return true;
  }

  /** Calls the listener at each swap until it is disposed. */
  onSwap(listener: (held: HeldToken) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}
