import type { Clock } from "../core/clock.ts";
import { Backoff } from "./backoff.ts";
import type { Credential } from "./credential.ts";
import { pauseOnBothClocks, refreshDelay, retryDelay } from "./refresh-delay.ts";

export interface RefreshLoopOptions {
  readonly credential: Credential;
  readonly clock: Clock;
  readonly random: () => number;
  /** Ends the loop. */
  readonly signal: AbortSignal;
}

const leastPauseMs = 1000;

/**
 * Refreshes the slot's token for as long as the supervisor lives (requirement P3). Failures are retried with backoff and
 * keep the token; a token that came another way starts the wait anew. Never rejects.
 */
export async function keepTokenFresh({ credential, clock, random, signal }: RefreshLoopOptions): Promise<void> {
  const { slot } = credential;
  const backoff = new Backoff({ firstMs: 1000, capMs: 30_000, random });
  let failed = false;
  let lastAsked = Number.NEGATIVE_INFINITY;
  while (!signal.aborted && !credential.lost.aborted) {
    const { version } = slot;
    const expiresAt = slot.held?.expiresAt;
    const remaining = expiresAt === undefined ? undefined : expiresAt - clock.now();
    const planned = failed ? retryDelay(backoff.next(credential.failure), remaining) : refreshDelay(remaining, random);
    const restedAt = failed ? 0 : lastAsked + leastPauseMs - clock.monotonic();

    await untilDueOrSwapped(Math.max(planned, restedAt));
    if (signal.aborted) return;
    failed = slot.version === version && (await refreshNow()) !== "renewed";
    if (!failed) backoff.reset();
  }

  async function refreshNow() {
    lastAsked = clock.monotonic();
    return credential.refresh();
  }

  async function untilDueOrSwapped(ms: number): Promise<void> {
    const swapped = new AbortController();
    using _ = slot.onSwap(() => swapped.abort());
    await pauseOnBothClocks(clock, ms, AbortSignal.any([signal, swapped.signal]));
  }
}
