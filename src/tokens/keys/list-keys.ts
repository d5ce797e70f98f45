import type { Clock } from "../../core/clock.ts";
import { timeOf } from "./change.ts";
import { readRingDirectory } from "./ring-directory.ts";
import type { EntryState } from "./ring-json.ts";
import { type GoneKey, parseRing, type StoredKey } from "./stored-ring.ts";
import { activeFrom, retiredFrom } from "./times.ts";

/** A key as `keys list` shows it. Times are in UTC; the names of the members are those of the JSON form. */
export interface ListedKey {
  readonly kid: string;
  readonly state: EntryState;
  readonly since: string | undefined;
  /** From when on it may be activated, or retired; undefined where neither can be. */
  readonly ready_at: string | undefined;
  readonly ready: boolean;
}

/** The keys of a ring, those that left it last. @throws Error that names the directory and what is wrong. */
export async function listKeys(directory: string, clock: Clock): Promise<ListedKey[]> {
  try {
    const { keys, gone } = parseRing((await readRingDirectory(directory)).files);
    return [...keys, ...gone].map((key) => toListed(key, clock.now()));
  } catch (cause) {
    throw new Error(`${directory}: ${cause instanceof Error ? cause.message : "cannot be read"}`, { cause });
  }
}

function toListed({ keyId, state, since }: StoredKey | GoneKey, now: number): ListedKey {
  const ready = since === undefined ? undefined : readyAt(state, since);
  return {
    kid: keyId,
    state,
    since: since === undefined ? undefined : timeOf(since),
    ready_at: ready === undefined ? undefined : timeOf(ready),
    ready: ready !== undefined && ready <= now,
  };
}

function readyAt(state: EntryState, since: number): number | undefined {
  if (state === "next") return activeFrom(since);
  return state === "retiring" ? retiredFrom(since) : undefined;
}

const headings = ["KID", "STATE", "SINCE", "NOTE"];

/** For a person: one key a line under headings. */
export function describeKeys(keys: readonly ListedKey[]): string {
  const rows = keys.map((key) => [key.kid, key.state, key.since ?? "-", noteOf(key)]);
  const lines = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  return lines
    .map(
      (cells) =>
        `${cells
          .map((cell, at) => cell.padEnd(widths[at] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

function noteOf({ state, ready, ready_at: at }: ListedKey): string {
  if (at === undefined) return state === "active" ? "signs" : "";
  const act = state === "next" ? "be activated" : "be retired";
  return ready ? `may ${act}` : `may ${act} from ${at}`;
}
