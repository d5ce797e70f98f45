import type { Clock } from "../core/clock.ts";

export interface RateLimitOptions {
  readonly clock: Clock;
  /** How many may come at once. */
  readonly burst: number;
  /** How many may come in the long run. */
  readonly perMinute: number;
  /** How many buckets are kept at most; beyond it the one that was not asked for the longest time is forgotten. */
  readonly capacity?: number;
}

/** What the limit says of one request. */
export type Ruling =
  | { readonly allowed: true }
  | {
      readonly allowed: false;
      /** When to try again, in milliseconds from now; whole, at least 1. */
      readonly retryAfterMs: number;
      /** Is this the first that was refused since one was allowed? One record of a storm is enough. */
      readonly first: boolean;
    };

interface Bucket {
  /** When the bucket is full again, on the monotonic clock. */
  fullAt: number;
  refusing: boolean;
}

const allowed: Ruling = { allowed: true };

/**
 * One token bucket for each key (requirement T9, A-45): nobody's requests use up what another may. A bucket is two
 * numbers, has no timer, and is forgotten once it is full again. It counts what this process is asked; with several
 * replicas a caller that goes to all of them may do as much at each.
 */
export class RateLimit<K> {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #burst: number;
  readonly #capacity: number;
  /** In the order in which they were last asked. */
  readonly #buckets = new Map<K, Bucket>();

  constructor({ clock, burst, perMinute, capacity = 100_000 }: RateLimitOptions) {
    this.#clock = clock;
    this.#burst = burst;
    this.#intervalMs = 60_000 / perMinute;
    this.#capacity = capacity;
  }

  /** Buckets that are not known to be full. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Takes one from the key's bucket, if there is one. */
  take(key: K): Ruling {
    const now = this.#clock.monotonic();
    const bucket = this.#buckets.get(key) ?? { fullAt: now, refusing: false };
    this.#buckets.delete(key);
    this.#forgetFull(now);
    this.#buckets.set(key, bucket);

    const missing = Math.max(bucket.fullAt - now, 0);
    const wait = missing - (this.#burst - 1) * this.#intervalMs;
    if (wait > 0) {
      const first = !bucket.refusing;
      bucket.refusing = true;
      return { allowed: false, retryAfterMs: Math.ceil(wait), first };
    }
    bucket.fullAt = now + missing + this.#intervalMs;
    bucket.refusing = false;
    return allowed;
  }

  /** Two at most for each one that came, so that no request pays for many, and none are left over for long. */
  #forgetFull(now: number): void {
    const oldest = this.#buckets.entries();
    for (let looked = 0; looked < 2; looked += 1) {
      const next = oldest.next();
      if (next.done) return;
      const [key, { fullAt }] = next.value;
      if (fullAt <= now || this.#buckets.size >= this.#capacity) this.#buckets.delete(key);
    }
  }
}
