import type { Clock } from "../../core/clock.ts";
import type { Database } from "../database.ts";
import type { ChangeSource, News } from "../feed/change-source.ts";
import { keptMs, mostToldAtOnce } from "../feed/kept.ts";
import { parseChange } from "../feed/parse-change.ts";

/** Changes of the one process that writes: none is in flight while another is read, so the sequence alone is the position. */
export class SqliteChangeSource implements ChangeSource {
  /** Nobody else is there. */
  readonly announce = (): undefined => undefined;
  readonly #database: Database;
  readonly #clock: Clock;
  #position: number | undefined;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  async next(): Promise<News> {
    const position = this.#position;
    if (position === undefined) {
      this.#position = await this.#newest();
      return { kind: "changes", changes: [] };
    }
    const rows = await this.#database.read((db) =>
      db
        .selectFrom("changes")
        .select((columns) => ["kind", "subject", columns.fn.max("seq").as("seq")])
        .where("seq", ">", position)
        .groupBy(["kind", "subject"])
        .orderBy("seq")
        .limit(mostToldAtOnce + 1)
        .execute(),
    );
    if (rows.length > mostToldAtOnce) {
      this.#position = await this.#newest();
      return { kind: "missed" };
    }
    this.#position = rows.at(-1)?.seq ?? position;
    return { kind: "changes", changes: rows.map(parseChange).filter((change) => change !== undefined) };
  }

  async prune(): Promise<void> {
    const before = this.#clock.now() - keptMs;
    await this.#database.write((db) => db.deleteFrom("changes").where("at", "<", before).execute());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    return undefined;
  }

  async #newest(): Promise<number> {
    const row = await this.#database.read((db) =>
      db
        .selectFrom("changes")
        .select((columns) => columns.fn.max("seq").as("seq"))
        .executeTakeFirst(),
    );
    return row?.seq ?? 0;
  }
}
