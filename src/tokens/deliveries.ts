import type { Clock } from "../core/clock.ts";
import type { SandboxId } from "../core/ids.ts";
import { KeyedLock } from "../core/keyed-lock.ts";
import type { Log } from "../core/log.ts";
import type { Secret } from "../core/secret.ts";
import type { DeliverToken } from "./delivery.ts";
import type { Family } from "./family-store.ts";
import type { LiveFamilies } from "./live-families.ts";

/** How long an answer waits for its token's delivery, in milliseconds. */
const patienceMs = 5_000;
/** The wait before a failed delivery is tried again; it doubles up to the longest. */
const firstRetryMs = 1_000;
const longestRetryMs = 60_000;

/** Makes the token that is to be delivered, when it is its turn; undefined where it cannot be made any more. */
type MakeToken = () => Promise<Secret | undefined>;

export interface DeliveriesOptions {
  readonly deliver: DeliverToken;
  readonly live: LiveFamilies;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Brings tokens to where supervisors read them (architecture, Delivery). A sandbox's deliveries are made one after the
 * other, and only of a token that is current when its turn comes, so that an older one never comes to lie over a newer.
 */
export class Deliveries implements Disposable {
  readonly #deliver: DeliverToken;
  readonly #live: LiveFamilies;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #turns = new KeyedLock<SandboxId>();
  readonly #retries = new Map<SandboxId, Disposable>();
  #isOver = false;

  constructor({ deliver, live, clock, log }: DeliveriesOptions) {
    this.#deliver = deliver;
    this.#live = live;
    this.#clock = clock;
    this.#log = log;
  }

  /** Delivers the family's current token in its turn; a no-op where it is not that any more. Rejects as the driver does. */
  deliver(family: Family, token: Secret): Promise<void> {
    return this.#inTurn(family, async () => token);
  }

  #inTurn(family: Family, make: MakeToken): Promise<void> {
    const { sandboxId } = family;
    return this.#turns.run(sandboxId, async () => {
      if (!this.#isCurrent(family)) return;
      const token = await make();
      if (!token) return;
      await this.#deliver(sandboxId, token);
      this.#forgetRetry(sandboxId);
    });
  }

  /**
   * Delivers a token that its caller is about to be answered with. Never rejects, and waits no longer than five seconds:
   * the store has the successor already, so a caller that got no answer would be left with a token that is good for
   * nothing but another refresh, and its sandbox would stand still for as long as the disk is full. With its answer it
   * goes on; the delivery is tried again until it works or another token took this one's place.
   */
  follow(family: Family, token: Secret): Promise<void> {
    return this.#attempt(family, async () => token, firstRetryMs);
  }

  /** Delivers a token that came to be elsewhere, in the background, and tries again as {@link follow} does. */
  catchUp(family: Family, make: MakeToken): void {
    if (!this.#isOver) void this.#attempt(family, make, firstRetryMs);
  }

  #attempt(family: Family, make: MakeToken, retryMs: number): Promise<void> {
    const ids = { family_id: family.familyId, sandbox_id: family.sandboxId };
    return new Promise((resolve) => {
      const patience = this.#clock.after(patienceMs, () => {
        this.#log.warn(ids, "a token's delivery takes long; nobody waits for it any more");
        resolve();
      });
      const settled = () => {
        patience[Symbol.dispose]();
        resolve();
      };
      this.#inTurn(family, make).then(settled, (error: unknown) => {
        this.#log.error({ ...ids, err: error, retry_ms: retryMs }, "a token could not be delivered, it is tried again");
        this.#retry(family, make, retryMs);
        settled();
      });
    });
  }

  #retry(family: Family, make: MakeToken, retryMs: number): void {
    this.#forgetRetry(family.sandboxId);
    if (this.#isOver) return;
    const next = Math.min(retryMs * 2, longestRetryMs);
    this.#retries.set(
      family.sandboxId,
      this.#clock.after(retryMs, () => {
        this.#retries.delete(family.sandboxId);
        void this.#attempt(family, make, next);
      }),
    );
  }

  #forgetRetry(sandboxId: SandboxId): void {
    this.#retries.get(sandboxId)?.[Symbol.dispose]();
    this.#retries.delete(sandboxId);
  }

  #isCurrent({ familyId, generation }: Family): boolean {
    const family = this.#live.get(familyId);
    return family?.generation === generation && family.revokedAt === undefined;
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    for (const retry of this.#retries.values()) retry[Symbol.dispose]();
    this.#retries.clear();
  }
}
