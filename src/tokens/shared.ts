/** Runs one task at a time for each key; who asks meanwhile gets the same answer, or the same failure. */
export class Shared<K, V> {
  readonly #running = new Map<K, Promise<V>>();

  run(key: K, start: () => Promise<V>): Promise<V> {
    const running = this.#running.get(key);
    if (running) return running;
    const done = () => void this.#running.delete(key);
    const started = start();
    this.#running.set(key, started);
    started.then(done, done);
    return started;
  }
}
