import { type Clock, pause } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import { Refusal } from "../../core/refusal.ts";
import { RetryWaits } from "../../core/retry-waits.ts";
import type { Change, ChangeFeed, Follower } from "../change-feed.ts";
import { describeFailure } from "../describe-failure.ts";
import type { ChangeSource, OpenSource } from "./change-source.ts";

export interface FollowedFeedOptions {
  readonly open: OpenSource;
  /** How often the source is asked without a hint, in milliseconds. */
  readonly everyMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Hints that come closer together than this are answered together, in milliseconds. */
const spacingMs = 10;
const pruneEveryMs = 60_000;
/** The wait after the first failure, in milliseconds; it doubles with each, up to the longest. */
const firstRetryMs = 50;
const longestRetryMs = 1_000;

interface Joining {
  readonly follower: Follower;
  readonly joined: () => void;
  readonly failed: (refusal: Refusal) => void;
}

/**
 * Follows a source for as long as it is open. A source that fails is replaced by a new one, and then everything is
 * reloaded: a new connection may lead to another server, whose history the old position means nothing to.
 */
export class FollowedFeed implements ChangeFeed, AsyncDisposable {
  readonly #options: FollowedFeedOptions;
  readonly #end = new AbortController();
  readonly #followers = new Set<Follower>();
  #joining: Joining[] = [];
  #wake = new AbortController();
  #isHinted = false;
  #source: ChangeSource | undefined;
  #running: Promise<void> | undefined;
  #pruned = Number.NEGATIVE_INFINITY;
  readonly #retries = new RetryWaits(firstRetryMs, longestRetryMs);
  /** When all was known for the last time, on both clocks: one stands still while the machine sleeps, the other can jump. */
  #known: { readonly wall: number; readonly monotonic: number } | undefined;

  constructor(options: FollowedFeedOptions) {
    this.#options = options;
  }

  follow(follower: Follower): Promise<Disposable> {
    if (this.#end.signal.aborted) return Promise.reject(new Refusal("store-unavailable"));
    const { promise, resolve, reject } = Promise.withResolvers<Disposable>();
    const following = { [Symbol.dispose]: () => void this.#followers.delete(follower) };
    this.#joining.push({ follower, joined: () => resolve(following), failed: reject });
    this.hint();
    this.#running ??= this.#run();
    return promise;
  }

  staleness(): number {
    if (!this.#known) return Number.POSITIVE_INFINITY;
    const { clock } = this.#options;
    return Math.max(clock.monotonic() - this.#known.monotonic, clock.now() - this.#known.wall, 0);
  }

  /** Looks for changes soon. */
  hint(): void {
    // Every write hints, and what an abort makes of itself is not cheap.
    if (this.#isHinted) return;
    this.#isHinted = true;
    this.#wake.abort();
  }

  /** Tells the other processes that this one has committed something. */
  announce(): void {
    this.#source?.announce();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    this.#wake.abort();
    await this.#running;
    this.#refuseJoining(undefined);
  }

  async #run(): Promise<void> {
    const { log, clock } = this.#options;
    while (!this.#end.signal.aborted) {
      try {
        await this.#followOne();
      } catch (cause) {
        if (this.#end.signal.aborted) return;
        if (this.#retries.failures === 0)
          log.warn(describeFailure(cause), "the change feed was lost, it is tried again");
        this.#refuseJoining(cause);
        await pause(clock, this.#retries.failed(), this.#end.signal);
      }
    }
  }

  /** Opens a source and follows it until it fails or the feed ends. */
  async #followOne(): Promise<void> {
    const { open, log } = this.#options;
    await using source = await open(() => this.hint());
    await this.#learnAll(source);
    if (this.#retries.failures > 0) log.info({ attempts: this.#retries.failures }, "the change feed is back");
    this.#retries.worked();
    this.#source = source;
    try {
      while (await this.#somethingMayBeNew()) {
        await this.#learn(source);
        await this.#pruneNowAndThen(source);
      }
    } finally {
      this.#source = undefined;
    }
  }

  /** Takes the position first and reads all after it, so that nothing falls between the two. */
  async #learnAll(source: ChangeSource): Promise<void> {
    const began = this.#now();
    await source.next();
    for (const follower of this.#followers) await follower.reload();
    await this.#admit();
    this.#known = began;
  }

  async #learn(source: ChangeSource): Promise<void> {
    const began = this.#now();
    const news = await source.next();
    if (news.kind === "missed") this.#options.log.warn({}, "the change feed fell behind, everything is read again");
    for (const follower of this.#followers) await tell(follower, news.kind === "missed" ? undefined : news.changes);
    await this.#admit();
    this.#known = began;
  }

  /** Takes in those who came since; what they load is no older than the position. */
  async #admit(): Promise<void> {
    for (let next = this.#joining[0]; next; next = this.#joining[0]) {
      await next.follower.reload();
      this.#joining.shift();
      this.#followers.add(next.follower);
      next.joined();
    }
  }

  async #pruneNowAndThen(source: ChangeSource): Promise<void> {
    const { clock } = this.#options;
    if (clock.monotonic() - this.#pruned < pruneEveryMs) return;
    this.#pruned = clock.monotonic();
    await source.prune();
  }

  /** Waits for a hint or until it is time to look; resolves to false at the end. */
  async #somethingMayBeNew(): Promise<boolean> {
    const { clock, everyMs } = this.#options;
    await pause(clock, spacingMs, this.#end.signal);
    if (!this.#isHinted) await pause(clock, everyMs, this.#wake.signal);
    this.#isHinted = false;
    this.#wake = new AbortController();
    return !this.#end.signal.aborted;
  }

  #refuseJoining(cause: unknown): void {
    for (const { failed } of this.#joining) failed(new Refusal("store-unavailable", { cause }));
    this.#joining = [];
  }

  #now() {
    const { clock } = this.#options;
    return { wall: clock.now(), monotonic: clock.monotonic() };
  }
}

async function tell(follower: Follower, changes: readonly Change[] | undefined): Promise<void> {
  if (!changes) await follower.reload();
  else if (changes.length > 0) await follower.learn(changes);
}
