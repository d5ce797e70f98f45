import type { Clock } from "./clock.ts";

/**
 * Runs `overdue` after `ms` milliseconds, unless disposed before, and not before what lies unread in the sockets has been
 * read. When many callers come at once, or the process was held up, timers run out while the bytes that would have
 * stopped them wait in the kernel, and timers run first: who spoke in time must not be taken for silent, or all callers of
 * a slow moment would be thrown out together and come back as a herd.
 */
export function deadline(clock: Clock, ms: number, overdue: () => void): Disposable {
  let second: NodeJS.Immediate | undefined;
  const first = clock.after(ms, () => {
    // Between timers and immediates the event loop reads all that has arrived.
    second = setImmediate(overdue);
  });
  return {
    [Symbol.dispose]() {
      first[Symbol.dispose]();
      clearImmediate(second);
    },
  };
}
