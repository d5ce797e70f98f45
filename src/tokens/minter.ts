import type { Clock } from "../core/clock.ts";
import type { SandboxPrincipal } from "../core/principal.ts";
import { Refusal } from "../core/refusal.ts";
import type { Secret } from "../core/secret.ts";
import { wholeSeconds } from "./claims.ts";
import type { Family } from "./family-store.ts";
import type { IssuedToken } from "./issued-token.ts";
import type { KeyRing } from "./key-ring.ts";
import { mint } from "./mint.ts";
import { principalOf } from "./principal-of.ts";
import type { Signer } from "./signer.ts";

export interface MinterOptions {
  readonly keys: KeyRing;
  readonly authority: string;
  readonly clock: Clock;
  readonly ttlMs: number;
  readonly onMinted: OnMinted;
  /** May this be the id of a key that another replica has already and this one will have in a moment? */
  readonly isAwaited: (keyId: string) => boolean;
}

/** Takes each token that was signed and whose it is; whether it was stored, and will ever be good, is open then. */
export type OnMinted = (token: Secret, principal: SandboxPrincipal) => void;

/** When and with which key a token is made. */
interface Stamp {
  readonly keyId: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** Makes the tokens of families, with the keys of now. */
export interface Minter {
  /** A token of its full lifetime from now on, signed with the active key. */
  stamp(): { readonly stamp: Stamp; readonly signer: Signer };
  /** The token that the row describes. */
  sign(signer: Signer, family: Family): Promise<IssuedToken>;
  /**
   * The family's current token once more, the same to the byte; undefined where it ran out or its key is gone.
   * @throws Refusal `keys-missing` (try again) where its key has not come here yet: the token is good all the same.
   */
  again(family: Family): Promise<IssuedToken | undefined>;
}

export function createMinter({ keys, authority, clock, ttlMs, onMinted, isAwaited }: MinterOptions): Minter {
  async function sign(signer: Signer, family: Family): Promise<IssuedToken> {
    const { familyId, expiresAt } = family;
    const token = await mint(signer, authority, family);
    onMinted(token, principalOf(family, signer.keyId));
    return { token, expiresAt, familyId };
  }
  return {
    stamp() {
      const signer = keys.active;
      const issuedAt = wholeSeconds(clock.now());
      return { signer, stamp: { keyId: signer.keyId, issuedAt, expiresAt: issuedAt + ttlMs } };
    },
    sign,
    async again(family) {
      if (family.expiresAt <= clock.now()) return undefined;
      const signer = keys.find(family.keyId)?.signer;
      if (signer) return sign(signer, family);
      if (isAwaited(family.keyId)) throw new Refusal("keys-missing");
      return undefined;
    },
  };
}
