import { setImmediate as nextTurn } from "node:timers/promises";

/**
 * Runs a task for every item, a few at a time. The event loop turns between two tasks of one place, so that many items, of
 * which each is worked on without waiting for anything, do not keep callers waiting. Resolves when all are done; the task
 * must not reject.
 */
export async function forEachOf<T>(
  items: Iterable<T>,
  atOnce: number,
  task: (item: T) => Promise<void>,
): Promise<void> {
  const left = items[Symbol.iterator]();
  const work = async () => {
    for (let next = left.next(); !next.done; next = left.next()) {
      await task(next.value);
      await nextTurn();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
