import type { Clock } from "../core/clock.ts";
import type { FamilyId } from "../core/ids.ts";
import type { Principal } from "../core/principal.ts";
import { type Reason, Refusal } from "../core/refusal.ts";
import type { Family } from "./family-store.ts";
import type { LiveFamilies } from "./live-families.ts";

/** A stream's right to go on. */
export interface TokenLease extends Disposable {
  /**
   * Aborts with a `Refusal` as reason: `token-expired`, `token-revoked` or `token-unknown` when the family behind the
   * stream ends, `revocations-unknown` when it cannot be known whether it did.
   */
  readonly signal: AbortSignal;
}

/**
 * It is looked no less often than this, in milliseconds, whether revocations are still known (requirement T6) and what
 * the wall clock says, as it may jump while a timer waits.
 */
const longestWaitMs = 1_000;

export interface LeasesOptions {
  readonly live: LiveFamilies;
  readonly clock: Clock;
  readonly leewayMs: number;
  /** Whether memory may have missed revocations for too long. */
  readonly isBlind: () => boolean;
}

/**
 * The leases of all streams (requirements T5, S6). A lease follows its family, not one token: a refresh in time ends no
 * stream. One timer serves them all.
 */
export class Leases implements Disposable {
  readonly #live: LiveFamilies;
  readonly #clock: Clock;
  readonly #leewayMs: number;
  readonly #isBlind: () => boolean;
  readonly #open = new Map<FamilyId, Set<AbortController>>();
  readonly #listening: Disposable;
  #timer: { readonly due: number; readonly handle: Disposable } | undefined;
  #size = 0;

  constructor({ live, clock, leewayMs, isBlind }: LeasesOptions) {
    this.#live = live;
    this.#clock = clock;
    this.#leewayMs = leewayMs;
    this.#isBlind = isBlind;
    this.#listening = live.onChange(({ now, before }) => this.#follow((now ?? before).familyId, now));
  }

  get size(): number {
    return this.#size;
  }

  /** Opens a lease on the family of the principal's token; undefined for principals that have none. */
  open(principal: Principal): TokenLease | undefined {
    if (principal.kind !== "sandbox") return undefined;
    const { familyId } = principal.credential;
    const controller = new AbortController();
    const lease: TokenLease = {
      signal: controller.signal,
      [Symbol.dispose]: () => this.#close(familyId, controller),
    };
    const family = this.#live.get(familyId);
    const ended = this.#endOf(family) ?? (this.#isBlind() ? "revocations-unknown" : undefined);
    if (!family || ended) {
      controller.abort(new Refusal(ended ?? "token-unknown"));
      return lease;
    }
    const leases = this.#open.get(familyId);
    if (leases) leases.add(controller);
    else this.#open.set(familyId, new Set([controller]));
    this.#size += 1;
    this.#wakeBy(family);
    return lease;
  }

  #close(familyId: FamilyId, controller: AbortController): void {
    const leases = this.#open.get(familyId);
    if (!leases?.delete(controller)) return;
    this.#size -= 1;
    if (leases.size === 0) this.#open.delete(familyId);
    if (this.#size === 0) this.#sleep();
  }

  #follow(familyId: FamilyId, family: Family | undefined): void {
    if (!this.#open.has(familyId)) return;
    const ended = this.#endOf(family);
    if (ended) this.#end(familyId, ended);
  }

  #endOf(family: Family | undefined): Reason | undefined {
    if (!family) return "token-unknown";
    if (family.revokedAt !== undefined) return "token-revoked";
    return this.#endsIn(family) <= 0 ? "token-expired" : undefined;
  }

  #endsIn(family: Family): number {
    return family.expiresAt + this.#leewayMs - this.#clock.now();
  }

  #end(familyId: FamilyId, reason: Reason): void {
    const leases = this.#open.get(familyId);
    this.#open.delete(familyId);
    this.#size -= leases?.size ?? 0;
    for (const lease of leases ?? []) lease.abort(new Refusal(reason));
    if (this.#size === 0) this.#sleep();
  }

  /** Sees to it that the timer fires when the family's current token ends, at the latest. */
  #wakeBy(family: Family): void {
    const wait = Math.min(this.#endsIn(family), longestWaitMs);
    const due = this.#clock.monotonic() + wait;
    if (this.#timer && this.#timer.due <= due) return;
    this.#sleep();
    this.#timer = { due, handle: this.#clock.after(wait, () => this.#sweep()) };
  }

  #sleep(): void {
    this.#timer?.handle[Symbol.dispose]();
    this.#timer = undefined;
  }

  #sweep(): void {
    this.#timer = undefined;
    const isBlind = this.#isBlind();
    for (const familyId of this.#open.keys()) {
      const family = this.#live.get(familyId);
      const ended = isBlind ? "revocations-unknown" : this.#endOf(family);
      if (ended) this.#end(familyId, ended);
      else if (family) this.#wakeBy(family);
    }
  }

  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
    this.#sleep();
    this.#open.clear();
    this.#size = 0;
  }
}
