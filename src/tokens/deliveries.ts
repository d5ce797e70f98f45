import type { Clock } from "../core/clock.ts";
import type { SandboxId } from "../core/ids.ts";
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
  readonly #last = new Map<SandboxId, Promise<void>>();
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
    const { sandboxId } = family;
    const before = this.#last.get(sandboxId) ?? Promise.resolve();
    const turn = before.then(async () => {
      if (!this.#isCurrent(family)) return;
      await this.#deliver(sandboxId, token);
      this.#forgetRetry(sandboxId);
    });
    const done = () => {
      if (this.#last.get(sandboxId) === last) this.#last.delete(sandboxId);
    };
    const last: Promise<void> = turn.then(done, done);
    this.#last.set(sandboxId, last);
    return turn;
  }

  /**
   * Delivers a token that its caller is about to be answered with. Never rejects, and waits no longer than five seconds:
   * the store has the successor already, so a caller that got no answer would be left with a token that is good for
   * nothing but another refresh, and its sandbox would stand still for as long as the disk is full. With its answer it
   * goes on; the delivery is tried again until it works or another token took this one's place.
   */
  follow(family: Family, token: Secret): Promise<void> {
    return this.#attempt(family, token, firstRetryMs);
  }

  #attempt(family: Family, token: Secret, retryMs: number): Promise<void> {
    const ids = { family_id: family.familyId, sandbox_id: family.sandboxId };
    return new Promise((resolve) => {
      const patience = this.#clock.after(patienceMs, () => {
        this.#log.warn(ids, "a token's delivery takes long; its caller is answered before");
        resolve();
      });
      const settled = () => {
        patience[Symbol.dispose]();
        resolve();
      };
      this.deliver(family, token).then(settled, (error: unknown) => {
        this.#log.error({ ...ids, err: error, retry_ms: retryMs }, "a token could not be delivered, it is tried again");
        this.#retry(family, token, retryMs);
        settled();
      });
    });
  }

  #retry(family: Family, token: Secret, retryMs: number): void {
    this.#forgetRetry(family.sandboxId);
    if (this.#isOver) return;
    const next = Math.min(retryMs * 2, longestRetryMs);
    this.#retries.set(
      family.sandboxId,
      this.#clock.after(retryMs, () => {
        this.#retries.delete(family.sandboxId);
        void this.#attempt(family, token, next);
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
