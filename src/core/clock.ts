/** Time, injected so that tests own it. */
export interface Clock {
  /** Wall time, milliseconds since the epoch. It can jump; use it for what tokens and records say. */
  now(): number;
  /** Milliseconds since some start. It never jumps; use it for durations. */
  monotonic(): number;
  /** Runs `task` once after `ms` milliseconds, unless disposed before. The timer does not keep the process alive. */
  after(ms: number, task: () => void): Disposable;
}

/** setTimeout takes no more than this; longer waits are cut to it, so callers re-check when they wake. */
const longestTimeoutMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  after(ms, task) {
    const timer = setTimeout(task, Math.min(Math.max(ms, 0), longestTimeoutMs));
    timer.unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

/** Resolves after `ms` milliseconds of the clock, or as soon as the signal aborts; it never rejects. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const wake = () => {
      timer[Symbol.dispose]();
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const timer = clock.after(ms, wake);
    signal?.addEventListener("abort", wake);
  });
}
