import { tokenIdOf } from "./claims.ts";
import type { Family } from "./family-store.ts";

type TokenPlace = Pick<Family, "familyId" | "generation">;

/**
 * Which tokens this process is making current. The change feed may tell of such a write before the store has answered
 * it; it is then known whose it is, and whoever made the write delivers its token.
 */
export class OwnWrites {
  readonly #running = new Map<string, Promise<boolean>>();

  /** Notes a write until it is disposed of. `made` resolves to whether this process's write is what the store took. */
  note({ familyId, generation }: TokenPlace, made: Promise<boolean>): Disposable {
    const tokenId = tokenIdOf(familyId, generation);
    const outcome = made.catch(() => false);
    this.#running.set(tokenId, outcome);
    return {
      [Symbol.dispose]: () => {
        if (this.#running.get(tokenId) === outcome) this.#running.delete(tokenId);
      },
    };
  }

  /** Whether the token is this process's own. Waits for a write that is under way; one that is over counts no more. */
  async made({ familyId, generation }: TokenPlace): Promise<boolean> {
    return (await this.#running.get(tokenIdOf(familyId, generation))) ?? false;
  }
}
