/** Runs the tasks of one key one after the other, in the order of the calls; tasks of different keys do not wait. */
export type Turns<K> = <T>(key: K, task: () => Promise<T>) => Promise<T>;

export function createTurns<K>(): Turns<K> {
  const last = new Map<K, Promise<unknown>>();
  return (key, task) => {
    const turn = (last.get(key) ?? Promise.resolve()).then(task, task);
    last.set(key, turn);
    const leave = () => {
      if (last.get(key) === turn) last.delete(key);
    };
    turn.then(leave, leave);
    return turn;
  };
}
