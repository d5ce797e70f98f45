import type { Clock } from "../../core/clock.ts";

/**
 * Says something at most once in `everyMs` milliseconds, with how often it held its tongue in between: strangers cause
 * these lines and must not be able to flood the log.
 */
export function seldom(clock: Clock, everyMs: number, say: (withheld: number) => void): () => void {
  let quietUntil = Number.NEGATIVE_INFINITY;
  let withheld = 0;
  return () => {
    const now = clock.monotonic();
    if (now < quietUntil) {
      withheld++;
      return;
    }
    say(withheld);
    quietUntil = now + everyMs;
    withheld = 0;
  };
}
