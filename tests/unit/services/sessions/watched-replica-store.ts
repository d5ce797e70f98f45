import { Refusal } from "../../../../src/core/refusal.ts";
import type { ReplicaIdentity, ReplicaStore } from "../../../../src/store/index.ts";

type Method = keyof ReplicaStore;

/** A real store whose calls are counted, and which can be made to fail or to be late, as seen by one replica. */
export class WatchedReplicaStore implements ReplicaStore {
  readonly #store: ReplicaStore;
  readonly calls: Method[] = [];
  /** How many calls of `record` were open at the same time at most. */
  mostRecordsAtOnce = 0;
  #records = 0;
  #isFailing = false;
  #losesAnswers = false;
  readonly #held = new Map<Method, Promise<void>>();
  readonly #open = new Set<Promise<unknown>>();

  constructor(store: ReplicaStore) {
    this.#store = store;
  }

  /** From now on calls fail, and do nothing. */
  fail(): void {
    this.#isFailing = true;
  }

  /** From now on what is written is written, and the writer is told that it failed. */
  loseAnswers(): void {
    this.#losesAnswers = true;
  }

  heal(): void {
    this.#isFailing = false;
    this.#losesAnswers = false;
  }

  /** The answer to the next call of this method comes only once the returned function was called; its work is done at once. */
  hold(method: Method): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held.set(method, promise);
    return resolve;
  }

  count(method: Method): number {
    return this.calls.filter((call) => call === method).length;
  }

  /** Resolves when no call is open, and none began because one was answered. */
  async idle(): Promise<void> {
    do {
      await Promise.allSettled(this.#open);
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.#open.size > 0);
  }

  register = (replica: ReplicaIdentity) => this.#call("register", () => this.#store.register(replica));
  renew = (id: string, leaseMs: number) => this.#call("renew", () => this.#store.renew(id, leaseMs));
  leave = (id: string) => this.#call("leave", () => this.#store.leave(id));
  loadSessions = () => this.#call("loadSessions", () => this.#store.loadSessions());
  findSessions: ReplicaStore["findSessions"] = (ids) => this.#call("findSessions", () => this.#store.findSessions(ids));
  record: ReplicaStore["record"] = (id, sessions) =>
    this.#call("record", async () => {
      this.#records += 1;
      this.mostRecordsAtOnce = Math.max(this.mostRecordsAtOnce, this.#records);
      try {
        return await this.#store.record(id, sessions);
      } finally {
        this.#records -= 1;
      }
    });

  #call<T>(method: Method, work: () => Promise<T>): Promise<T> {
    this.calls.push(method);
    const call = this.#answer(method, work);
    this.#open.add(call);
    const close = () => this.#open.delete(call);
    call.then(close, close);
    return call;
  }

  async #answer<T>(method: Method, work: () => Promise<T>): Promise<T> {
    if (this.#isFailing) throw new Refusal("store-unavailable");
    const held = this.#held.get(method);
    this.#held.delete(method);
    const answer = await work();
    await held;
    if (this.#losesAnswers) throw new Refusal("store-unavailable");
    return answer;
  }
}
