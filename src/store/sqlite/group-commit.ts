import { CompiledQuery, type Kysely, type Transaction } from "kysely";

/** Jobs in one transaction at most: about two milliseconds during which the event loop does nothing else. */
const largestGroup = 64;

const savepoint = CompiledQuery.raw("savepoint job");
const rollBack = CompiledQuery.raw("rollback to savepoint job");
const release = CompiledQuery.raw("release savepoint job");

/** A job's answer, held back until it is committed. */
interface Pending<DB> {
  /** Runs the job in the transaction; true where it worked. It never rejects. */
  run(db: Transaction<DB>): Promise<boolean>;
  /** Tells the caller what the job returned or threw. */
  settle(): void;
  /** Tells the caller that nothing was stored. */
  fail(cause: unknown): void;
}

/**
 * Runs concurrent jobs in one transaction, so that they share one wait for the disk. Where one of them fails, all are undone
 * and run once more, each in a savepoint, so that the one is undone alone: failures are rare, and savepoints cost as much
 * as the jobs. A caller hears of success after the commit, never before.
 */
export class GroupCommit<DB> implements AsyncDisposable {
  readonly #db: Kysely<DB>;
  #queue: Pending<DB>[] = [];
  #draining: Promise<void> | undefined;

  constructor(db: Kysely<DB>) {
    this.#db = db;
  }

  /** Rejects with what the job threw, or with a {@link CommitFailure} where the transaction as a whole failed. */
  write<T>(job: (db: Transaction<DB>) => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    let settle = () => reject(new CommitFailure(undefined));
    this.#queue.push({
      async run(db) {
        try {
          const value = await job(db);
          settle = () => resolve(value);
          return true;
        } catch (thrown) {
          settle = () => reject(thrown);
          return false;
        }
      },
      settle: () => settle(),
      fail: (cause) => reject(new CommitFailure(cause)),
    });
    this.#draining ??= this.#drain();
    return promise;
  }

  /** Waits until everything that was queued is committed. */
  async [Symbol.asyncDispose](): Promise<void> {
    while (this.#draining) await this.#draining;
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      // Callers that the same turn of the event loop woke get into the same group.
      await new Promise((resolve) => setImmediate(resolve));
      const group = this.#queue.splice(0, largestGroup);
      try {
        await this.#commit(group);
        for (const pending of group) pending.settle();
      } catch (cause) {
        for (const pending of group) pending.fail(cause);
      }
    }
    this.#draining = undefined;
  }

  async #commit(group: readonly Pending<DB>[]): Promise<void> {
    try {
      await this.#transact(group, plainly);
    } catch (thrown) {
      if (!(thrown instanceof JobFailure)) throw thrown;
      await this.#transact(group, inSavepoint);
    }
  }

  async #transact(group: readonly Pending<DB>[], run: Run<DB>): Promise<void> {
    let cause: unknown;
    try {
      await this.#db.transaction().execute(async (transaction) => {
        try {
          for (const pending of group) await run(transaction, pending);
        } catch (thrown) {
          cause = thrown;
          throw thrown;
        }
      });
    } catch (thrown) {
      // A full disk makes SQLite roll back by itself, and kysely's own rollback then fails with less to say.
      throw cause ?? thrown;
    }
  }
}

/** The transaction failed: none of its jobs is stored. */
export class CommitFailure extends Error {
  override readonly name = "CommitFailure";

  constructor(cause: unknown) {
    super("the transaction failed", { cause });
  }
}

/** One of the jobs failed; the transaction is of no use. */
class JobFailure extends Error {
  override readonly name = "JobFailure";
}

type Run<DB> = (transaction: Transaction<DB>, pending: Pending<DB>) => Promise<void>;

async function plainly<DB>(transaction: Transaction<DB>, pending: Pending<DB>): Promise<void> {
  if (!(await pending.run(transaction))) throw new JobFailure();
}

async function inSavepoint<DB>(transaction: Transaction<DB>, pending: Pending<DB>): Promise<void> {
  await transaction.executeQuery(savepoint);
  if (!(await pending.run(transaction))) await transaction.executeQuery(rollBack);
  await transaction.executeQuery(release);
}
