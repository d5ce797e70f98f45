import type { FamilyId } from "../core/ids.ts";
import type { Secret } from "../core/secret.ts";

/** A token on its way to its sandbox. */
export interface IssuedToken {
  readonly token: Secret;
  /** Milliseconds since the epoch, whole seconds. */
  readonly expiresAt: number;
  readonly familyId: FamilyId;
}
