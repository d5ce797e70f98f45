import { fromBinary } from "@bufbuild/protobuf";
import { SandboxSpecSchema } from "../../../gen/openshell/v1/sandboxes_pb.ts";
import type { Clock } from "../../core/clock.ts";
import type { SandboxId } from "../../core/ids.ts";
import type { StoredSandbox } from "../../store/index.ts";
import { describe, isSame, type Observed } from "./describe.ts";
import type { SandboxRecord } from "./sandbox-record.ts";

export type SandboxEvent =
  | { readonly kind: "changed"; readonly record: SandboxRecord }
  | { readonly kind: "removed"; readonly id: SandboxId };

/** Takes what happened to a sandbox, in order; it neither throws nor waits. */
export type SandboxListener = (event: SandboxEvent) => void;

interface Entry {
  observed: Observed;
  record: SandboxRecord;
}

/** A sandbox before and after something was learned of it; undefined where it was not known, or is gone. */
export interface Transition {
  readonly id: SandboxId;
  readonly before: SandboxRecord | undefined;
  readonly now: SandboxRecord | undefined;
}

/**
 * The sandboxes in memory. Rows of the store may come in any order and more than once, from this process's own writes and
 * from readings: of two rows of one sandbox the later counts, and one that was forgotten does not come back with a row
 * that was read before. What was known before an exchange with the store began was committed before it; where the store
 * says less all the same, somebody restored an older copy of it, and the store is right. Listeners hear of each change
 * that somebody could see, once.
 */
export class KnownSandboxes {
  readonly #clock: Clock;
  readonly #policyVersionOf: (id: SandboxId) => number;
  readonly #entries = new Map<SandboxId, Entry>();
  readonly #names = new Map<string, SandboxId>();
  readonly #listeners = new Set<SandboxListener>();
  /** For each exchange with the store that is under way, what was forgotten since it began. */
  readonly #forgotten = new Set<Set<SandboxId>>();

  /** `policyVersionOf` says which version of its policy a sandbox runs that becomes known. */
  constructor(clock: Clock, policyVersionOf: (id: SandboxId) => number) {
    this.#clock = clock;
    this.#policyVersionOf = policyVersionOf;
  }

  ids(): SandboxId[] {
    return [...this.#entries.keys()];
  }

  find(id: SandboxId): SandboxRecord | undefined {
    return this.#entries.get(id)?.record;
  }

  observed(id: SandboxId): Observed | undefined {
    return this.#entries.get(id)?.observed;
  }

  idOf(workspace: string, name: string): SandboxId | undefined {
    return this.#names.get(qualified(workspace, name));
  }

  /** In the order in which they were made, the same on every replica. */
  list(): SandboxRecord[] {
    return [...this.#entries.values()].map(({ record }) => record).sort(oldestFirst);
  }

  /** Takes in the rows that an exchange with the store about `ids` resolves to. */
  async take(ids: readonly SandboxId[], work: () => Promise<readonly StoredSandbox[]>): Promise<Transition[]> {
    const before = new Map(ids.map((id) => [id, this.observed(id)?.stored]));
    const forgotten = new Set<SandboxId>();
    this.#forgotten.add(forgotten);
    try {
      const rows = await work();
      return rows.filter(({ id }) => !forgotten.has(id)).map((row) => this.#takeIn(row, before.get(row.id)));
    } finally {
      this.#forgotten.delete(forgotten);
    }
  }

  /** As {@link take}, of a reading of `ids`; those that were known when it began and have no row are forgotten. */
  async learn(ids: readonly SandboxId[], read: () => Promise<readonly StoredSandbox[]>): Promise<Transition[]> {
    const gone = new Set(ids.filter((id) => this.#entries.has(id)));
    const taken = await this.take(ids, async () => {
      const rows = await read();
      for (const { id } of rows) gone.delete(id);
      return rows;
    });
    return [...gone].map((id) => this.forget(id)).concat(taken);
  }

  observe(id: SandboxId, news: Partial<Observed>): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    entry.observed = { ...entry.observed, ...news };
    const record = describe(entry.observed, entry.record, this.#clock.now());
    if (isSame(record, entry.record)) return;
    entry.record = record;
    this.#tell({ kind: "changed", record });
  }

  forget(id: SandboxId): Transition {
    const before = this.find(id);
    if (!before) return { id, before, now: undefined };
    for (const forgotten of this.#forgotten) forgotten.add(id);
    this.#entries.delete(id);
    const name = qualified(before.workspace, before.name);
    // Another sandbox may have the name by now, and be known already.
    if (this.#names.get(name) === id) this.#names.delete(name);
    this.#tell({ kind: "removed", id });
    return { id, before, now: undefined };
  }

  onChange(listener: SandboxListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** `before` is what was known of it when the exchange began. */
  #takeIn(stored: StoredSandbox, before: StoredSandbox | undefined): Transition {
    const { id } = stored;
    const entry = this.#entries.get(id);
    if (!entry) return { id, before: undefined, now: this.#enter(stored) };
    const { record, observed } = entry;
    const wentBack = before === observed.stored && isLater(before, stored);
    if (wentBack || isLater(stored, observed.stored)) this.observe(id, this.#newsOf(stored, observed));
    return { id, before: record, now: entry.record };
  }

  #enter(stored: StoredSandbox): SandboxRecord {
    const now = this.#clock.now();
    const observed: Observed = {
      stored,
      spec: fromBinary(SandboxSpecSchema, stored.spec),
      configVersion: 0,
      deletingSince: stored.desired === "deleted" ? now : undefined,
      starting: false,
      connected: false,
      elsewhere: undefined,
      mainProcessInstanceId: "",
      policyVersion: this.#policyVersionOf(stored.id),
      trouble: undefined,
    };
    const record = describe(observed, undefined, now);
    this.#entries.set(stored.id, { observed, record });
    this.#names.set(qualified(stored.workspace, stored.name), stored.id);
    this.#tell({ kind: "changed", record });
    return record;
  }

  /** What a later row changes of what is known. A new wish begins anew, whoever had it. */
  #newsOf(stored: StoredSandbox, known: Observed): Partial<Observed> {
    const { desired, halted } = known.stored;
    if (stored.desired === desired) return { stored, ...(stored.halted && !halted && { trouble: undefined }) };
    const isStarted = desired === "stopped" && stored.desired === "running";
    const { elsewhere } = known;
    return {
      stored,
      starting: isStarted && elsewhere?.isOfNextRun !== true,
      elsewhere: elsewhere && { ...elsewhere, isOfNextRun: false },
      deletingSince: known.deletingSince ?? (stored.desired === "deleted" ? this.#clock.now() : undefined),
      trouble: undefined,
    };
  }

  #tell(event: SandboxEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function isLater(row: StoredSandbox, than: StoredSandbox): boolean {
  if (row.resourceVersion !== than.resourceVersion) return row.resourceVersion > than.resourceVersion;
  return row.halted && !than.halted;
}

const oldestFirst = (a: SandboxRecord, b: SandboxRecord) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);

/** Neither part can hold a slash: both are DNS labels. */
const qualified = (workspace: string, name: string) => `${workspace}/${name}`;
