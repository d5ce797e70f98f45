import { Refusal } from "../../../src/core/refusal.ts";
import type { Secret } from "../../../src/core/secret.ts";
import type { FamilyStore } from "../../../src/tokens/index.ts";

/** Where a replica may fail once: before or after it signs, stores, marks or delivers. */
export type FailurePoint =
  | "before-sign"
  | "before-store"
  | "after-store"
  | "before-mark"
  | "after-mark"
  | "before-deliver"
  | "after-deliver";

/** What fails next, and how long the store's answers are held up, in turns of the event loop. */
export class Failures {
  next: FailurePoint | undefined;
  #delays: readonly number[] = [];
  #asked = 0;

  delayBy(delays: readonly number[]): void {
    this.#delays = delays;
  }

  meet(point: FailurePoint): void {
    if (this.next !== point) return;
    this.next = undefined;
    throw new Refusal("store-unavailable");
  }

  async dawdle(): Promise<void> {
    this.#asked += 1;
    const turns = this.#delays[this.#asked % this.#delays.length] ?? 0;
    for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A real store whose answers may be late, lost, or never come about. */
export function failingStore(store: FamilyStore, failures: Failures): FamilyStore {
  const late =
    <A extends unknown[], R>(method: (...given: A) => Promise<R>) =>
    async (...given: A): Promise<R> => {
      await failures.dawdle();
      const result = await method(...given);
      await failures.dawdle();
      return result;
    };
  const fails =
    <A extends unknown[], R>(before: FailurePoint, after: FailurePoint, method: (...given: A) => Promise<R>) =>
    async (...given: A): Promise<R> => {
      failures.meet(before);
      const result = await method(...given);
      failures.meet(after);
      return result;
    };
  return {
    load: late(store.load),
    find: late(store.find),
    findMany: late(store.findMany),
    ofSandbox: late(store.ofSandbox),
    begin: late(store.begin),
    rotate: fails("before-store", "after-store", late(store.rotate)),
    markPresented: fails("before-mark", "after-mark", late(store.markPresented)),
    revoke: late(store.revoke),
    revokeSandbox: late(store.revokeSandbox),
    revokeKey: late(store.revokeKey),
    prune: late(store.prune),
  };
}

/** The token file of one sandbox, which its owner writes. */
export class TokenFile {
  token: Secret | undefined;
}
