import { toBinary } from "@bufbuild/protobuf";
import { SandboxPhase, SandboxSpecSchema } from "../../../gen/openshell/v1/sandboxes_pb.ts";
import type { KnownSandbox, SandboxDirectory } from "../../access/index.ts";
import type { Clock } from "../../core/clock.ts";
import type { SandboxId } from "../../core/ids.ts";
import { Refusal } from "../../core/refusal.ts";
import type { ScopedSandbox } from "../../core/scoped-sandbox.ts";
import type { SandboxStore, StoredSandbox } from "../../store/index.ts";
import { KnownSandboxes, type SandboxListener, type Transition } from "./known-sandboxes.ts";
import type { NewSandbox, SandboxRecord, Trouble } from "./sandbox-record.ts";

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
  /** The name of this replica, which those are stored with that it makes. */
  readonly replica?: string;
}

/** Takes what was learned of a sandbox that changes what is wanted of it; it neither throws nor waits. */
export type LearnedListener = (transition: Transition) => void;

/**
 * All sandboxes that are in the store, in memory: read at the start, written through to the store on every change that
 * must outlive the process, and kept true by {@link follower} where other replicas write too. Sessions are not stored
 * here, so after a restart every sandbox that is to run is PROVISIONING until its supervisor says hello.
 */
export class SandboxRegistry implements SandboxDirectory {
  readonly #store: SandboxStore;
  readonly #clock: Clock;
  readonly #replica: string | undefined;
  readonly #known: KnownSandboxes;
  readonly #learned = new Set<LearnedListener>();
  /** Sandboxes whose row this process is removing. */
  readonly #removing = new Set<SandboxId>();
  #policies: PolicyVersions | undefined;

  private constructor({ store, clock, replica }: RegistryOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#replica = replica;
    this.#known = new KnownSandboxes(clock, (id) => this.#policies?.loadedVersion(id) ?? 0);
  }

  static async open(options: RegistryOptions): Promise<SandboxRegistry> {
    const registry = new SandboxRegistry(options);
    await registry.#known.take([], () => options.store.load());
    return registry;
  }

  /**
   * Learns what any replica wrote, this one included; both methods reject with what the store rejects with. Watchers hear
   * of what is news here. To be told of a sandbox after its configuration and before its session.
   */
  readonly follower = {
    reload: async (): Promise<void> => {
      this.#tellLearned(await this.#known.learn(this.#known.ids(), () => this.#store.load()));
    },
    learn: async (ids: readonly SandboxId[]): Promise<void> => {
      this.#tellLearned(await this.#known.learn(ids, () => this.#store.findMany(ids)));
    },
  };

  byId(id: SandboxId): KnownSandbox | undefined {
    const record = this.find(id);
    return record?.deletingSince === undefined ? record : undefined;
  }

  byName(workspace: string, name: string): KnownSandbox | undefined {
    const id = this.#known.idOf(workspace, name);
    return id && this.byId(id);
  }

  /** Does a sandbox have this name, be it one that is being deleted? */
  isNamed(workspace: string, name: string): boolean {
    return this.#known.idOf(workspace, name) !== undefined;
  }

  /** @throws Refusal `sandbox-missing` where the sandbox was removed since its scope was granted. */
  get(sandbox: ScopedSandbox): SandboxRecord {
    return this.#demand(sandbox.id);
  }

  /** For the gateway's own work on a sandbox; what answers a caller goes through {@link get}. */
  find(id: SandboxId): SandboxRecord | undefined {
    return this.#known.find(id);
  }

  /**
   * Reads a sandbox from the store, so that what another replica stored and answered a moment ago counts.
   * @throws Refusal `sandbox-missing`, `store-unavailable`.
   */
  async refresh(id: SandboxId): Promise<SandboxRecord> {
    await this.follower.learn([id]);
    return this.#demand(id);
  }

  /** All sandboxes, those that are being deleted included, in the order in which they were made. */
  list(): SandboxRecord[] {
    return this.#known.list();
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
      replica: this.#replica,
      halted: false,
    };
    await this.#known.take([id], async () => {
      if (await this.#store.insert(stored)) return [stored];
      throw new Refusal("name-taken", { says: `sandbox '${name}' already exists in workspace '${workspace}'` });
    });
    return this.#demand(id);
  }

  /** Is the sandbox to have a token (requirement T5)? Not where it is stopped, withheld, or being deleted. */
  mayHaveToken(id: SandboxId): boolean {
    const record = this.find(id);
    return record?.desired === "running" && record.deletingSince === undefined;
  }

  /**
   * Stores what somebody wants of a sandbox; known here, and to watchers, once it is stored. Resolves to the sandbox as it
   * is then. What it wants already, as far as is known here, is not stored again.
   * @throws Refusal `sandbox-missing`, `state-conflict` where it is being deleted, `store-unavailable`.
   */
  async wish(id: SandboxId, desired: "running" | "stopped" | "withheld"): Promise<SandboxRecord> {
    const before = demandNotDeleting(this.#demand(id));
    if (before.desired === desired) return before;
    const taken = await this.#take(id, () => this.#store.setDesired(id, desired));
    if (!taken) await this.follower.learn([id]);
    return demandNotDeleting(this.#demand(id));
  }

  /**
   * Stores that the driver ended all that ran of a sandbox, and started nothing since; of no matter unless it is to be
   * stopped.
   */
  async halted(id: SandboxId): Promise<void> {
    for (let seen = this.#known.observed(id); seen && isEnding(seen.stored); seen = this.#known.observed(id)) {
      const taken = await this.#take(id, () => this.#store.setHalted(id));
      // Started elsewhere meanwhile, and perhaps stopped again: which of the two decides who has to do what.
      if (!taken) await this.follower.learn([id]);
    }
  }

  /**
   * Marks a sandbox as being deleted: at once for the guard and for watchers, and in the store when it resolves. It can
   * be called again, for instance where the store failed. One that is gone by then is forgotten.
   */
  async beginRemoval(id: SandboxId): Promise<void> {
    const seen = this.#known.observed(id);
    if (!seen) return;
    const deletingSince = seen.deletingSince ?? this.#clock.now();
    this.#known.observe(id, { deletingSince, trouble: undefined });
    if (seen.stored.desired === "deleted") return;
    const taken = await this.#take(id, () => this.#store.setDesired(id, "deleted"));
    if (!taken) await this.follower.learn([id]);
  }

  /** Forgets a sandbox; its name is free again when this resolves. */
  async remove(id: SandboxId): Promise<void> {
    this.#removing.add(id);
    try {
      await this.#store.remove(id);
      this.#known.forget(id);
    } finally {
      this.#removing.delete(id);
    }
  }

  /**
   * The sandbox's supervisor said hello to this replica; a session is what makes a sandbox ready.
   * @throws Refusal `sandbox-missing` where the sandbox is gone or going, `state-conflict` where it is to have no token:
   * its own has just ended.
   */
  sessionStarted(id: SandboxId, instanceId: string): void {
    if (!this.byId(id)) throw new Refusal("sandbox-missing");
    if (!this.mayHaveToken(id)) throw new Refusal("state-conflict", { says: "the sandbox was stopped" });
    const news = { connected: true, starting: false, mainProcessInstanceId: instanceId, trouble: undefined };
    this.#known.observe(id, news);
  }

  /** The sandbox's current session at this replica ended; not to be called for one that another here has superseded. */
  sessionEnded(id: SandboxId): void {
    this.#known.observe(id, { connected: false });
  }

  /**
   * Another live replica has the sandbox's session, from an instance of its supervisor; undefined where none has one any
   * more. It may be told again. Of a sandbox that is not known it is nothing: whoever follows the store tells of the
   * sandbox first.
   */
  sessionElsewhere(id: SandboxId, instanceId: string | undefined): void {
    const seen = this.#known.observed(id);
    if (!seen || seen.elsewhere?.instanceId === instanceId) return;
    if (instanceId === undefined) {
      this.#known.observe(id, { elsewhere: undefined });
      return;
    }
    const isOfNextRun = seen.stored.desired === "stopped";
    const arrived = isOfNextRun ? {} : { starting: false, trouble: undefined };
    this.#known.observe(id, {
      ...arrived,
      ...{ elsewhere: { instanceId, isOfNextRun }, mainProcessInstanceId: instanceId },
    });
  }

  /** Says why a sandbox is not what it should be, until its next session or until undefined takes it back. */
  report(id: SandboxId, trouble: Trouble | undefined): void {
    this.#known.observe(id, { trouble });
  }

  /** Takes over what sandboxes have as policies: now, and on every change until it is disposed. */
  follow(policies: PolicyVersions): Disposable {
    this.#policies = policies;
    for (const id of this.#known.ids()) this.#known.observe(id, { policyVersion: policies.loadedVersion(id) });
    return policies.onChange(({ sandboxId, loadedVersion, resourceVersion = 0 }) => {
      const before = this.#known.observed(sandboxId)?.configVersion ?? 0;
      const configVersion = Math.max(before, resourceVersion);
      this.#known.observe(sandboxId, { configVersion, policyVersion: loadedVersion });
    });
  }

  onChange(listener: SandboxListener): Disposable {
    return this.#known.onChange(listener);
  }

  /** Calls the listener where something was learned that was wanted of a sandbox, or that it is gone. */
  onLearned(listener: LearnedListener): Disposable {
    this.#learned.add(listener);
    return { [Symbol.dispose]: () => void this.#learned.delete(listener) };
  }

  #demand(id: SandboxId): SandboxRecord {
    const record = this.find(id);
    if (!record) throw new Refusal("sandbox-missing");
    return record;
  }

  /** Resolves to whether there was a row to take in. */
  async #take(id: SandboxId, write: () => Promise<StoredSandbox | undefined>): Promise<boolean> {
    const taken = await this.#known.take([id], async () => {
      const row = await write();
      return row ? [row] : [];
    });
    return taken.length > 0;
  }

  #tellLearned(transitions: readonly Transition[]): void {
    for (const transition of transitions) {
      const { id, before, now } = transition;
      if (isSameWish(before, now) || this.#removing.has(id)) continue;
      for (const listener of this.#learned) listener(transition);
    }
  }
}

const isEnding = ({ desired, halted }: StoredSandbox) => desired === "stopped" && !halted;

/** One that was stopped and is to be stopped once more was started in between. */
function isSameWish(before: SandboxRecord | undefined, now: SandboxRecord | undefined): boolean {
  const isStoppedAgain = before?.phase === SandboxPhase.STOPPED && now?.phase === SandboxPhase.STOPPING;
  return before?.desired === now?.desired && !isStoppedAgain;
}

function demandNotDeleting(sandbox: SandboxRecord): SandboxRecord {
  if (sandbox.deletingSince === undefined) return sandbox;
  throw new Refusal("state-conflict", { says: `sandbox '${sandbox.name}' is being deleted` });
}
