import type { FamilyId, SandboxId } from "../core/ids.ts";
import type { ConfigScope } from "./policy-store.ts";

/** Something that was changed and committed, by whichever replica. It says what to read again, not what is there. */
export type Change =
  | { readonly seq: number; readonly kind: "family"; readonly id: FamilyId }
  | { readonly seq: number; readonly kind: "sandbox"; readonly id: SandboxId }
  | { readonly seq: number; readonly kind: "config"; readonly id: ConfigScope }
  /** The sandbox's session began, ended, or is another. */
  | { readonly seq: number; readonly kind: "session"; readonly id: SandboxId };

/** Keeps something in memory true. It reads what it is told about from the store, and must bear being told twice. */
export interface Follower {
  /** Read everything: at the start, and whenever changes may have been missed. */
  reload(): Promise<void>;
  /**
   * These changed; of several changes of one thing the last is named. For each thing they come in the order in which they
   * were committed; this process's own are among them. Where it rejects, it is told to reload.
   */
  learn(changes: readonly Change[]): Promise<void>;
}

/** What the database committed, followed in memory (requirement T6). */
export interface ChangeFeed {
  /**
   * Has the follower reload, then tells it of every change that was committed since that reload began. Resolves after
   * the reload; rejects with a `Refusal` `store-unavailable` where the database cannot be read, and follows nothing then.
   */
  follow(follower: Follower): Promise<Disposable>;
  /**
   * For how long, in milliseconds, changes may have been committed that the followers do not know: since the last time
   * that they had learned all. It grows while the database cannot be reached, and is infinite before the first reload.
   */
  staleness(): number;
}
