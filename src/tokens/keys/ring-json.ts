import { isKeyId } from "../key-id.ts";

const states = ["next", "active", "retiring", "retired", "revoked"] as const;

/** The states that a key may be in; of those that left the ring, only that they did is kept. */
export type EntryState = (typeof states)[number];

/** What `ring.json` says of one key. */
export interface RingEntry {
  readonly keyId: string;
  readonly state: EntryState;
  /** When the key came into that state, milliseconds since the epoch. */
  readonly since: number;
}

const version = 1;

/** Prints the entries, one a line, times in UTC. */
export function printEntries(entries: readonly RingEntry[]): string {
  const lines = entries.map(({ keyId: kid, state, since }) =>
    JSON.stringify({ kid, state, since: new Date(since).toISOString() }),
  );
  return `{"version": ${version}, "keys": [\n  ${lines.join(",\n  ")}\n]}\n`;
}

/**
 * Reads what {@link printEntries} prints. Nothing is passed over: what this program does not know may be what keeps a
 * key out of service.
 * @throws Error that says what is wrong, and with which key.
 */
export function parseEntries(text: string): RingEntry[] {
  const { version: found, keys, ...more } = membersOf(parseJson(text), "the file");
  if (found !== version) throw new Error(`expected version ${version}, got ${JSON.stringify(found)}`);
  refuseOthers(more, "the file");
  if (!Array.isArray(keys)) throw new Error("keys: expected a list");
  const entries = keys.map(parseEntry);
  const twice = entries.find(({ keyId }, at) => entries.findIndex((entry) => entry.keyId === keyId) !== at);
  if (twice) throw new Error(`key ${twice.keyId} stands in it twice`);
  for (const state of ["active", "next"]) {
    if (entries.filter((entry) => entry.state === state).length > 1) throw new Error(`more than one key is ${state}`);
  }
  return entries;
}

function parseEntry(value: unknown, at: number): RingEntry {
  const { kid, state, since, ...more } = membersOf(value, `keys[${at}]`);
  if (typeof kid !== "string" || !isKeyId(kid)) throw new Error(`keys[${at}].kid: not a key id`);
  refuseOthers(more, `key ${kid}`);
  const known = states.find((one) => one === state);
  if (!known) throw new Error(`key ${kid}: unknown state ${JSON.stringify(state)}, expected ${states.join(", ")}`);
  const time = typeof since === "string" && since.endsWith("Z") ? Date.parse(since) : Number.NaN;
  if (Number.isNaN(time)) throw new Error(`key ${kid}: since: expected a time such as 2026-01-31T12:00:00.000Z`);
  return { keyId: kid, state: known, since: time };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error("not JSON", { cause });
  }
}

function membersOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new Error(`${what}: expected an object`);
}

function refuseOthers(more: Record<string, unknown>, what: string): void {
  const [name] = Object.keys(more);
  if (name !== undefined) throw new Error(`${what}: unknown member ${JSON.stringify(name)}`);
}
