import pg from "pg";
import { type Clock, pause } from "../../core/clock.ts";
import type { ChangeSource, News } from "../feed/change-source.ts";
import { keptMs, mostToldAtOnce } from "../feed/kept.ts";
import { parseChange } from "../feed/parse-change.ts";
import { parseSnapshot, type Snapshot } from "./snapshot.ts";

export interface PostgresChangeSourceOptions {
  readonly config: pg.ClientConfig;
  readonly clock: Clock;
  /** Called when another process has said that there is something to read. */
  readonly hint: () => void;
  /** How long changes are kept, in milliseconds. */
  readonly keptForMs?: number;
}

const channel = "openshell_changes";

/** Announcements that come closer together than this become one, in milliseconds. */
const spacingMs = 10;

/**
 * Sequence numbers are given out before transactions commit, so a reader that remembered the highest number would pass
 * over those that commit late. The position is a snapshot instead: new is what transactions wrote that had not ended in
 * the last snapshot and have in this one. That is exact: nothing is missed or told twice, and a transaction that stays
 * open, ours or a stranger's, holds nobody up.
 *
 * After a logical restore the ids of older rows can be of another server's history, and larger than any here: they are
 * passed over.
 */
const newerThan = `
  with newer as (
    select kind, subject, max(seq) as seq from changes
    where (txid >= $1::xid8 or txid = any($2::xid8[])) and txid < pg_snapshot_xmax(pg_current_snapshot())
    group by kind, subject order by seq limit $3
  )
  select
    pg_current_snapshot()::text as snapshot,
    floor(extract(epoch from clock_timestamp()) * 1000)::float8 as now,
    pg_backend_pid() as server,
    pg_is_in_recovery() as "isStandby",
    coalesce((select json_agg(newer) from newer), '[]') as changes`;

/** How long the server is waited for when a connection is closed, in milliseconds. */
const longestGoodbyeMs = 1_000;

/** Several gateways may do this at once; each leaves alone what another is deleting. */
const deleteOlderThan = `
  delete from changes where seq in (
    select seq from changes where at < floor(extract(epoch from clock_timestamp()) * 1000) - $1::float8
    order by seq limit 10000 for update skip locked
  )`;

interface Answer {
  readonly snapshot: string;
  /** Milliseconds since the epoch, by the database's clock. */
  readonly now: number;
  readonly server: number;
  readonly isStandby: boolean;
  readonly changes: readonly { readonly seq: number; readonly kind: string; readonly subject: string }[];
}

interface Position {
  readonly snapshot: Snapshot;
  readonly at: number;
  readonly server: number;
}

/**
 * Reads the changes over one connection of its own, whose life is the position's: where the connection breaks, so does
 * what is known. The connection listens too, but what it hears is a hint and no more.
 */
export class PostgresChangeSource implements ChangeSource {
  readonly #options: PostgresChangeSourceOptions;
  readonly #client: pg.Client;
  readonly #end = new AbortController();
  /** The driver's own promise of an end is never kept where the connection broke before it was asked. */
  readonly #isClosed: Promise<unknown>;
  #position: Position | undefined;
  /** The connection does one thing at a time. */
  #lastQuery: Promise<unknown> = Promise.resolve();
  #announcing: Promise<void> | undefined;
  #isToBeAnnounced = false;

  private constructor(options: PostgresChangeSourceOptions) {
    this.#options = options;
    this.#client = new pg.Client(options.config);
    this.#isClosed = new Promise((resolve) => this.#client.once("end", resolve));
    // A connection that breaks while nobody asks: the next question is refused, and it should be asked soon.
    this.#client.on("error", options.hint);
    this.#client.on("notification", options.hint);
  }

  static async open(options: PostgresChangeSourceOptions): Promise<PostgresChangeSource> {
    const source = new PostgresChangeSource(options);
    try {
      await source.#client.connect();
      await source.#query(`listen ${channel}`);
      return source;
    } catch (cause) {
      await source[Symbol.asyncDispose]();
      throw cause;
    }
  }

  async next(): Promise<News> {
    const before = this.#position;
    const from = [before?.snapshot.xmax ?? null, before?.snapshot.inProgress ?? null, mostToldAtOnce + 1];
    const [answer] = await this.#query<Answer>(newerThan, from);
    if (!answer) throw new Error("the database answered with no row");
    if (answer.isStandby) throw new Error("this server is a standby, which knows what happened only later");
    this.#position = { snapshot: parseSnapshot(answer.snapshot), at: answer.now, server: answer.server };
    if (before && before.server !== answer.server) {
      throw new Error(
        "the connection changes its server (a pooler in transaction mode?); the URL must lead to Postgres",
      );
    }
    const isLate = before !== undefined && answer.now - before.at > this.#keptForMs / 2;
    if (isLate || answer.changes.length > mostToldAtOnce) return { kind: "missed" };
    return { kind: "changes", changes: answer.changes.map(parseChange).filter((change) => change !== undefined) };
  }

  announce(): void {
    this.#isToBeAnnounced = true;
    this.#announcing ??= this.#announceAll();
  }

  async prune(): Promise<void> {
    await this.#query(deleteOlderThan, [this.#keptForMs]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#announcing;
    const goodbye = pause(this.#options.clock, longestGoodbyeMs);
    await Promise.race([this.#client.end(), this.#isClosed, goodbye]);
  }

  get #keptForMs(): number {
    return this.#options.keptForMs ?? keptMs;
  }

  /**
   * In a statement of its own after the commit: a transaction that notifies would make all such commits wait for each
   * other's wait for the disk.
   */
  async #announceAll(): Promise<void> {
    while (this.#isToBeAnnounced && !this.#end.signal.aborted) {
      this.#isToBeAnnounced = false;
      try {
        await this.#query("select pg_notify($1, '')", [channel]);
      } catch {
        // The others look by themselves before long, and whoever follows this source meets the failure too.
        this.#options.hint();
        break;
      }
      await pause(this.#options.clock, spacingMs, this.#end.signal);
    }
    this.#announcing = undefined;
  }

  #query<R extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<R[]> {
    const asked = this.#lastQuery.then(async () => (await this.#client.query<R>(text, [...values])).rows);
    this.#lastQuery = asked.catch(() => undefined);
    return asked;
  }
}
