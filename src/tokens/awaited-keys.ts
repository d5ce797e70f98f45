import type { Clock } from "../core/clock.ts";
import { DisposableStack } from "../core/disposable-stacks.ts";
import { parseTokenId } from "./claims.ts";
import type { KeyRing } from "./key-ring.ts";
import type { LiveFamilies } from "./live-families.ts";

export interface AwaitedKeysOptions {
  readonly keys: KeyRing;
  readonly live: LiveFamilies;
  readonly clock: Clock;
}

/**
 * Keys that this replica does not know yet: another one has changed over first, and what it signed is in the store
 * (requirement T2). To be made once the families of before are loaded, whose keys may be unknown because they are gone.
 * Only what the store says brings a key in here, and one that was revoked never comes.
 */
export class AwaitedKeys implements Disposable {
  readonly #live: LiveFamilies;
  readonly #clock: Clock;
  readonly #awaited = new Set<string>();
  readonly #listening = new DisposableStack();

  constructor({ keys, live, clock }: AwaitedKeysOptions) {
    this.#live = live;
    this.#clock = clock;
    const revoked = new Set<string>();
    this.#listening.use(
      keys.onRevoked((keyId) => {
        revoked.add(keyId);
        this.#awaited.delete(keyId);
      }),
    );
    this.#listening.use(
      live.onChange(({ now }) => {
        if (!now || now.revokedAt !== undefined) return;
        if (keys.find(now.keyId)) this.#awaited.delete(now.keyId);
        else if (!revoked.has(now.keyId)) this.#awaited.add(now.keyId);
      }),
    );
  }

  has(keyId: string): boolean {
    return this.#awaited.has(keyId);
  }

  /**
   * Whether the key is awaited and memory has a live family whose current token has this id and this key. Nothing here is
   * verified: it tells a caller no more than to come again, and asks the store nothing.
   */
  signed(keyId: string, tokenId: unknown): boolean {
    const id = this.has(keyId) && typeof tokenId === "string" ? parseTokenId(tokenId) : undefined;
    const family = id && this.#live.get(id.familyId);
    return (
      family?.keyId === keyId &&
      family.generation === id?.generation &&
      family.revokedAt === undefined &&
      family.expiresAt > this.#clock.now()
    );
  }

  [Symbol.dispose](): void {
    this.#listening.dispose();
  }
}
