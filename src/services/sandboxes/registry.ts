import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { SandboxSpecSchema } from "../../../gen/openshell/v1/sandboxes_pb.ts";
import type { KnownSandbox, SandboxDirectory } from "../../access/index.ts";
import type { Clock } from "../../core/clock.ts";
import type { SandboxId } from "../../core/ids.ts";
import { Refusal } from "../../core/refusal.ts";
import type { ScopedSandbox } from "../../core/scoped-sandbox.ts";
import type { SandboxStore, StoredSandbox } from "../../store/index.ts";
import { describe, type Observed } from "./describe.ts";
import type { NewSandbox, SandboxRecord, Trouble } from "./sandbox-record.ts";

export type SandboxEvent =
  | { readonly kind: "changed"; readonly record: SandboxRecord }
  | { readonly kind: "removed"; readonly id: SandboxId };

/** Takes what happened to a sandbox, in order; it neither throws nor waits. */
export type SandboxListener = (event: SandboxEvent) => void;

/** Where the registry learns which version of its policy a sandbox runs. */
export interface PolicyVersions {
  /** 0 for none. */
  loadedVersion(id: SandboxId): number;
  onChange(
    listener: (change: {
      readonly sandboxId: SandboxId;
      readonly loadedVersion: number;
      /** Set where the change counted as one of the sandbox's in the store. */
      readonly resourceVersion: number | undefined;
    }) => void,
  ): Disposable;
}

export interface RegistryOptions {
  readonly store: SandboxStore;
  readonly clock: Clock;
}

interface Entry {
  observed: Observed;
  record: SandboxRecord;
}

/**
 * All sandboxes of the gateway, in memory: read at its start, written through to the store on every change that must
 * outlive it. Sessions are not stored, so after a restart every sandbox is PROVISIONING until its supervisor says hello.
 */
export class SandboxRegistry implements SandboxDirectory {
  readonly #store: SandboxStore;
  readonly #clock: Clock;
  readonly #entries = new Map<SandboxId, Entry>();
  readonly #names = new Map<string, SandboxId>();
  readonly #listeners = new Set<SandboxListener>();

  private constructor({ store, clock }: RegistryOptions) {
    this.#store = store;
    this.#clock = clock;
  }

  static async open(options: RegistryOptions): Promise<SandboxRegistry> {
    const registry = new SandboxRegistry(options);
    for (const stored of await options.store.load()) registry.#enter(stored);
    return registry;
  }

  byId(id: SandboxId): KnownSandbox | undefined {
    const record = this.#entries.get(id)?.record;
    return record?.deletingSince === undefined ? record : undefined;
  }

  byName(workspace: string, name: string): KnownSandbox | undefined {
    const id = this.#names.get(qualified(workspace, name));
    return id && this.byId(id);
  }

  /** @throws Refusal `sandbox-missing` where the sandbox was removed since its scope was granted. */
  get(sandbox: ScopedSandbox): SandboxRecord {
    const record = this.find(sandbox.id);
    if (!record) throw new Refusal("sandbox-missing");
    return record;
  }

  /** For the gateway's own work on a sandbox; what answers a caller goes through {@link get}. */
  find(id: SandboxId): SandboxRecord | undefined {
    return this.#entries.get(id)?.record;
  }

  /** All sandboxes, those that are being deleted included, in the order in which they were made. */
  list(): SandboxRecord[] {
    return [...this.#entries.values()].map(({ record }) => record);
  }

  /**
   * Stores a new sandbox, in phase PROVISIONING.
   * @throws Refusal `name-taken` while the workspace has a sandbox of that name, `store-unavailable`.
   */
  async add(id: SandboxId, { name, workspace, spec, labels, annotations }: NewSandbox): Promise<SandboxRecord> {
    const stored: StoredSandbox = {
      ...{ id, workspace, name, labels, annotations },
      spec: toBinary(SandboxSpecSchema, spec),
      createdAt: this.#clock.now(),
      resourceVersion: 1,
      desired: "running",
    };
    if (!(await this.#store.insert(stored))) {
      throw new Refusal("name-taken", { says: `sandbox '${name}' already exists in workspace '${workspace}'` });
    }
    const { record } = this.#enter(stored);
    this.#tell({ kind: "changed", record });
    return record;
  }

  /** Is the sandbox to have a token (requirement T5)? Not where it is stopped, withheld, or being deleted. */
  mayHaveToken(id: SandboxId): boolean {
    const record = this.find(id);
    return record?.desired === "running" && record.deletingSince === undefined;
  }

  /**
   * Stores what somebody wants of a sandbox; known here, and to watchers, once it is stored. Resolves to the sandbox as it
   * is then.
   * @throws Refusal `sandbox-missing`, `state-conflict` where it is being deleted, `store-unavailable`.
   */
  async wish(id: SandboxId, desired: "running" | "stopped" | "withheld"): Promise<SandboxRecord> {
    const entry = this.#entries.get(id);
    if (!entry) throw new Refusal("sandbox-missing");
    demandNotDeleting(entry.record);
    const before = entry.observed.stored.desired;
    if (before === desired) return entry.record;
    const stored = await this.#store.setDesired(id, desired);
    if (!stored) throw new Refusal("sandbox-missing");
    demandNotDeleting(entry.record);
    const starting = desired === "running" && before === "stopped";
    this.#observe(id, { stored, starting, halted: false, trouble: undefined });
    return entry.record;
  }

  /** The driver ended all that ran of a sandbox; of no matter unless it is to be stopped. */
  halted(id: SandboxId): void {
    if (this.find(id)?.desired === "stopped") this.#observe(id, { halted: true, trouble: undefined });
  }

  /**
   * Marks a sandbox as being deleted: at once for the guard and for watchers, and in the store when it resolves. It can
   * be called again, for instance where the store failed.
   */
  async beginRemoval(id: SandboxId): Promise<void> {
    const entry = this.#entries.get(id);
    if (!entry) return;
    const deletingSince = entry.observed.deletingSince ?? this.#clock.now();
    this.#observe(id, { deletingSince, trouble: undefined });
    if (entry.observed.stored.desired === "deleted") return;
    const stored = await this.#store.setDesired(id, "deleted");
    if (stored) this.#observe(id, { stored });
  }

  /** Forgets a sandbox; its name is free again when this resolves. */
  async remove(id: SandboxId): Promise<void> {
    await this.#store.remove(id);
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#entries.delete(id);
    this.#names.delete(qualified(entry.record.workspace, entry.record.name));
    this.#tell({ kind: "removed", id });
  }

  /**
   * The sandbox's supervisor said hello, which is what makes a sandbox ready.
   * @throws Refusal `sandbox-missing` where the sandbox is gone or going, `state-conflict` where it is to have no token:
   * its own has just ended.
   */
  sessionStarted(id: SandboxId, instanceId: string): void {
    if (!this.byId(id)) throw new Refusal("sandbox-missing");
    if (!this.mayHaveToken(id)) throw new Refusal("state-conflict", { says: "the sandbox was stopped" });
    this.#observe(id, { connected: true, starting: false, mainProcessInstanceId: instanceId, trouble: undefined });
  }

  /** The sandbox's current session ended; not to be called for one that another has superseded. */
  sessionEnded(id: SandboxId): void {
    this.#observe(id, { connected: false });
  }

  /** Says why a sandbox is not what it should be, until its next session or until undefined takes it back. */
  report(id: SandboxId, trouble: Trouble | undefined): void {
    this.#observe(id, { trouble });
  }

  /** Takes over what sandboxes have as policies: now, and on every change until it is disposed. */
  follow(policies: PolicyVersions): Disposable {
    for (const id of this.#entries.keys()) this.#observe(id, { policyVersion: policies.loadedVersion(id) });
    return policies.onChange(({ sandboxId, loadedVersion, resourceVersion = 0 }) => {
      const stored = this.#entries.get(sandboxId)?.observed.stored;
      if (!stored) return;
      const newer = { ...stored, resourceVersion: Math.max(stored.resourceVersion, resourceVersion) };
      this.#observe(sandboxId, { stored: newer, policyVersion: loadedVersion });
    });
  }

  onChange(listener: SandboxListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  #enter(stored: StoredSandbox): Entry {
    const now = this.#clock.now();
    const observed: Observed = {
      stored,
      spec: fromBinary(SandboxSpecSchema, stored.spec),
      deletingSince: stored.desired === "deleted" ? now : undefined,
      halted: false,
      starting: false,
      connected: false,
      mainProcessInstanceId: "",
      policyVersion: 0,
      trouble: undefined,
    };
    const entry = { observed, record: describe(observed, undefined, now) };
    this.#entries.set(stored.id, entry);
    this.#names.set(qualified(stored.workspace, stored.name), stored.id);
    return entry;
  }

  #observe(id: SandboxId, news: Partial<Observed>): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    entry.observed = { ...entry.observed, ...news };
    entry.record = describe(entry.observed, entry.record, this.#clock.now());
    this.#tell({ kind: "changed", record: entry.record });
  }

  #tell(event: SandboxEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function demandNotDeleting({ name, deletingSince }: SandboxRecord): void {
  if (deletingSince === undefined) return;
  throw new Refusal("state-conflict", { says: `sandbox '${name}' is being deleted` });
}

/** Neither part can hold a slash: both are DNS labels. */
const qualified = (workspace: string, name: string) => `${workspace}/${name}`;
