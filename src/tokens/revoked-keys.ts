import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { FamilyLedger } from "./family-ledger.ts";
import type { KeyRing } from "./key-ring.ts";

/** The wait before what the store refused is tried again, in milliseconds. */
const retryMs = 5_000;
/** When it is looked once more, in milliseconds: what was being signed as the key was revoked has been stored by then. */
const onceMoreMs = 30_000;

export interface RevokedKeysOptions {
  readonly keys: KeyRing;
  readonly ledger: FamilyLedger;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Ends the families whose current token a revoked key signed (requirement T2): the ring refuses those tokens at once;
 * this ends their streams too, on every replica, and lets whoever listens give the sandboxes new ones.
 */
export function followRevokedKeys({ keys, ledger, clock, log }: RevokedKeysOptions): AsyncDisposable {
  const timers = new Map<string, Disposable>();
  const running = new Set<Promise<void>>();
  let isOver = false;

  function begin(keyId: string, isLast: boolean): void {
    const run = sweep(keyId, isLast).finally(() => running.delete(run));
    running.add(run);
  }
  function later(ms: number, keyId: string, isLast: boolean): void {
    if (isOver) return;
    timers.set(
      keyId,
      clock.after(ms, () => {
        timers.delete(keyId);
        begin(keyId, isLast);
      }),
    );
  }
  async function sweep(keyId: string, isLast: boolean): Promise<void> {
    try {
      const ended = await ledger.revokeKey(keyId);
      if (ended.length > 0) log.warn({ key_id: keyId, families: ended.length }, "a key was revoked, its tokens ended");
      if (!isLast) later(onceMoreMs, keyId, true);
    } catch (error) {
      log.error({ err: error, key_id: keyId }, "families of a revoked key could not be ended yet, it is tried again");
      later(retryMs, keyId, isLast);
    }
  }

  const listening = keys.onRevoked((keyId) => begin(keyId, false));
  return {
    async [Symbol.asyncDispose]() {
      isOver = true;
      listening[Symbol.dispose]();
      for (const timer of timers.values()) timer[Symbol.dispose]();
      await Promise.all(running);
    },
  };
}
