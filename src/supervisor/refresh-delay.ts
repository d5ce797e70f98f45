import { type Clock, pause } from "../core/clock.ts";

const minute = 60_000;
const share = 0.8;
const jitter = 0.05;
const shortestDelay = minute;
const longestDelay = 12 * 60 * minute;
/** A token that names no expiry is refreshed this often. */
const delayWithoutExpiry = 6 * 60 * minute;
const shortestRetry = 250;

/**
 * Milliseconds until a token with so many milliseconds left is refreshed (requirement P3): about 80 % of what is left,
 * 60 s to 12 h, with 5 % of jitter either way. A life under 75 s has no room for the 60 s and takes 80 % alone, so the
 * refresh never falls past the expiry. Undefined stands for a token without an expiry.
 */
export function refreshDelay(remainingMs: number | undefined, random: () => number): number {
  const spread = 1 - jitter + 2 * jitter * random();
  if (remainingMs === undefined) return delayWithoutExpiry * spread;
  const wanted = Math.min(remainingMs * share, longestDelay / (1 + jitter)) * spread;
  const floor = remainingMs * share < shortestDelay ? 0 : shortestDelay;
  return Math.max(wanted, floor);
}

/**
 * Milliseconds until a failed refresh is tried again: the backoff's wait, but no more than a quarter of what is left,
 * so that there are several tries before the token runs out.
 */
export function retryDelay(backoffMs: number, remainingMs: number | undefined): number {
  if (remainingMs === undefined || remainingMs <= 0) return backoffMs;
  return Math.min(backoffMs, Math.max(remainingMs / 4, shortestRetry));
}

/**
 * Waits for `ms` milliseconds by whichever clock gets there first: the monotonic one may stand still while a laptop
 * sleeps, the wall clock may be set back (attack A-46). Ends early when the signal aborts.
 */
export async function pauseOnBothClocks(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  const [wallDue, monotonicDue] = [clock.now() + ms, clock.monotonic() + ms];
  while (!signal.aborted) {
    const left = Math.min(wallDue - clock.now(), monotonicDue - clock.monotonic());
    if (left <= 0) return;
    await pause(clock, Math.min(left, minute / 2), signal);
  }
}
