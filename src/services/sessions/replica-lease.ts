import { type Clock, pause } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import { RetryWaits } from "../../core/retry-waits.ts";
import type { ReplicaIdentity, ReplicaStore } from "../../store/index.ts";

export interface ReplicaLeaseOptions {
  readonly store: Pick<ReplicaStore, "register" | "renew" | "leave">;
  readonly clock: Clock;
  readonly log: Log;
  /** After how long without a renewal a replica counts as dead, in milliseconds; the same for all replicas. */
  readonly leaseMs?: number | undefined;
  /** How often the lease is renewed, in milliseconds. */
  readonly everyMs?: number | undefined;
  /** The replica was registered again: what the store had of it is gone. Called again later where it rejects. */
  readonly onRegained: () => Promise<void>;
}

const firstRetryMs = 100;
/** Who held a name for as long as this held it without a quarrel, in milliseconds. */
const steadyMs = 10_000;
/** For how long a name is left to another process that uses it too, in milliseconds. */
const yieldMs = 60_000;
/** How long the shutdown waits for the store, in milliseconds. */
const leaveMs = 2_000;

/** When something was, on both clocks: one stands still while the machine sleeps, the other can jump. */
interface Moment {
  readonly wall: number;
  readonly monotonic: number;
}

type Standing =
  | { readonly kind: "held"; readonly since: number; readonly confirmed: Moment }
  /** `registerAt` is a time of the monotonic clock. */
  | { readonly kind: "lost"; readonly registerAt: number };

/**
 * This replica's place among those that share the store: registered at the start, renewed for as long as it lives, given
 * up at the end. It also ends the places of replicas that do not renew theirs.
 *
 * A place can be lost in two ways. Where the lease may have run out (the machine slept, the store was away), this replica
 * was taken for dead, and registers again. Where it cannot have run out, another process registered the same name. That
 * may have been a mistake of a moment, so a replica that had held the name steadily takes it back once; one that loses it
 * soon after it came or came back leaves it to the other for a while and says so by {@link problem}. Of two gateways with
 * one name the first keeps it so, and the second is the one that is not ready.
 */
export class ReplicaLease implements AsyncDisposable {
  readonly #options: ReplicaLeaseOptions;
  readonly #leaseMs: number;
  readonly #everyMs: number;
  readonly #retries: RetryWaits;
  #self: ReplicaIdentity | undefined;
  #standing: Standing = { kind: "lost", registerAt: Number.NEGATIVE_INFINITY };
  #toAnnounce = false;
  #problem: string | undefined;
  #timer: Disposable | undefined;
  #looking: Promise<void> | undefined;
  #isRetired = false;
  #isEnded = false;
  #losses = 0;

  constructor(options: ReplicaLeaseOptions) {
    this.#options = options;
    this.#leaseMs = options.leaseMs ?? 6_000;
    this.#everyMs = options.everyMs ?? 2_000;
    this.#retries = new RetryWaits(firstRetryMs, this.#everyMs);
  }

  /** Registers the replica and begins to renew. Rejects with what the store rejects with, and renews nothing then. */
  async begin(self: ReplicaIdentity): Promise<void> {
    await this.#register(self);
    this.#self = self;
    this.#lookAfter(this.#everyMs);
  }

  /** Why this replica cannot take its place among the others although the store answers; for `/readyz`. */
  problem(): string | undefined {
    return this.#problem;
  }

  /** How often the lease was lost. */
  get losses(): number {
    return this.#losses;
  }

  /** Looks now whether the replica is still registered. */
  check(): void {
    if (this.#self) this.#look(this.#self);
  }

  /** From now on a place that is lost stays lost: it may be a successor's of the same name. */
  retire(): void {
    this.#isRetired = true;
  }

  /** Gives the place up, where the store answers in time; else others find out when the lease has run out. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#timer?.[Symbol.dispose]();
    if (!this.#self) return;
    const { clock, log } = this.#options;
    const answered = new AbortController();
    const leaving = this.#leave(this.#self).finally(() => answered.abort());
    await Promise.race([leaving, pause(clock, leaveMs, answered.signal)]);
    if (!answered.signal.aborted) log.warn({}, "the store did not answer in time when the replica left");
  }

  async #leave({ id }: ReplicaIdentity): Promise<void> {
    await this.#looking;
    try {
      await this.#options.store.leave(id);
    } catch (cause) {
      this.#options.log.warn({ err: cause }, "the replica could not be taken off the store");
    }
  }

  #lookAfter(ms: number): void {
    if (this.#isEnded) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#options.clock.after(ms, () => this.check());
  }

  #look(self: ReplicaIdentity): void {
    if (this.#isEnded || this.#looking) return;
    this.#timer?.[Symbol.dispose]();
    this.#looking = this.#renewOrRetry(self).then((waitMs) => {
      this.#looking = undefined;
      this.#lookAfter(waitMs);
    });
  }

  /** Resolves to how long to wait until the next time, in milliseconds; it never rejects. */
  async #renewOrRetry(self: ReplicaIdentity): Promise<number> {
    const { log } = this.#options;
    try {
      await this.#renew(self);
    } catch (cause) {
      if (this.#retries.failures === 0)
        log.warn({ err: cause }, "the replica's lease was not renewed, it is tried again");
      return this.#retries.failed();
    }
    if (this.#retries.failures > 0)
      log.info({ attempts: this.#retries.failures }, "the replica's lease is renewed again");
    this.#retries.worked();
    return this.#everyMs;
  }

  async #renew(self: ReplicaIdentity): Promise<void> {
    const { store, log, onRegained } = this.#options;
    const began = this.#now();
    const { held, ended } = await store.renew(self.id, this.#leaseMs);
    if (ended.length > 0)
      log.warn({ replicas: ended }, "replicas did not renew their lease and count as dead, their sessions with them");
    if (held) this.#confirm(began);
    else await this.#regain(self, ended);
    if (!this.#toAnnounce) return;
    await onRegained();
    this.#toAnnounce = false;
  }

  #confirm(confirmed: Moment): void {
    const { kind } = this.#standing;
    // A registration whose answer was lost.
    if (kind === "lost") this.#toAnnounce = true;
    const since = kind === "held" ? this.#standing.since : confirmed.monotonic;
    this.#standing = { kind: "held", since, confirmed };
    if (confirmed.monotonic - since >= steadyMs) this.#problem = undefined;
  }

  async #regain(self: ReplicaIdentity, ended: readonly string[]): Promise<void> {
    if (this.#standing.kind === "held") this.#standing = this.#lose(self, this.#standing);
    if (this.#isRetired || this.#isEnded) return;
    const isDue = this.#options.clock.monotonic() >= this.#standing.registerAt;
    if (!isDue && !ended.includes(self.name)) return;
    await this.#register(self);
    this.#toAnnounce = true;
  }

  /** Finds out what became of a place that this replica believed to have. */
  #lose({ name }: ReplicaIdentity, held: Extract<Standing, { kind: "held" }>): Extract<Standing, { kind: "lost" }> {
    const { log } = this.#options;
    this.#losses += 1;
    const now = this.#now();
    if (since(held.confirmed, now) >= this.#leaseMs) {
      log.warn({ replica: name }, "this replica's lease ran out, it registers again");
      return { kind: "lost", registerAt: now.monotonic };
    }
    if (now.monotonic - held.since >= steadyMs) {
      log.warn({ replica: name }, "another process registered this replica's name");
      return { kind: "lost", registerAt: now.monotonic };
    }
    this.#problem = `another gateway uses the replica name '${name}', and each needs one of its own`;
    log.error({ replica: name }, "two gateways use one replica name, and each needs one of its own");
    return { kind: "lost", registerAt: now.monotonic + yieldMs };
  }

  async #register(self: ReplicaIdentity): Promise<void> {
    const confirmed = this.#now();
    await this.#options.store.register(self);
    this.#standing = { kind: "held", since: confirmed.monotonic, confirmed };
  }

  #now(): Moment {
    const { clock } = this.#options;
    return { wall: clock.now(), monotonic: clock.monotonic() };
  }
}

const since = (then: Moment, now: Moment) => Math.max(now.monotonic - then.monotonic, now.wall - then.wall);
