import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { ChangeFeed } from "./change-feed.ts";
import type { Database } from "./database.ts";

/** A database that is open, with its schema up to date. Disposing it finishes what was being written. */
export interface Engine extends AsyncDisposable {
  readonly database: Database;
  readonly feed: ChangeFeed;
}

/** What an engine is given of the world. */
export interface EngineSurroundings {
  readonly log: Log;
  readonly clock: Clock;
}
