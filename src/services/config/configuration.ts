import type { GetSandboxConfigResponse } from "../../../gen/openshell/sandbox/v1/config_pb.ts";
import type { SandboxPolicy } from "../../../gen/openshell/sandbox/v1/policy_pb.ts";
import { defaultWorkspace, nameOf } from "../../access/index.ts";
import type { Clock } from "../../core/clock.ts";
import { encodedOnce } from "../../core/encoded-once.ts";
import type { SandboxId } from "../../core/ids.ts";
import type { Principal } from "../../core/principal.ts";
import { RecentlyUsed } from "../../core/recently-used.ts";
import { Refusal } from "../../core/refusal.ts";
import type { ScopedSandbox } from "../../core/scoped-sandbox.ts";
import type {
  Author,
  Changed,
  ConfigScope,
  PolicyReport,
  PolicyStore,
  ScopeChange,
  Standing,
  StoredScope,
} from "../../store/index.ts";
import { effectiveConfig } from "./effective-config.ts";
import { readPolicy } from "./read-policy.ts";

/** What changed of a sandbox's configuration that others show. */
export interface ConfigurationChange {
  readonly sandboxId: SandboxId;
  /** The version that the sandbox runs, as its status names it; 0 for none. */
  readonly loadedVersion: number;
  /** Set where the change counted up the sandbox's resource version in the store. */
  readonly resourceVersion: number | undefined;
}

export interface ConfigurationOptions {
  readonly store: PolicyStore;
  readonly clock: Clock;
}

/** What was found to stand for a sandbox at these revisions. */
interface Found {
  readonly ownRevision: number;
  readonly globalRevision: number;
  readonly contents: string;
}

/**
 * How many different answers are kept, with their encoded forms. One with a policy of ten rules takes about 28 KiB; any
 * number of sandboxes whose configurations do not differ share one.
 */
const keptAnswers = 10_000;

/**
 * All policies and settings: written to the store, read from memory. What was read of a scope, or written to it, is taken
 * over only where nothing else was since the reading began; where something was, nobody knows which is later, and the
 * scope is read again.
 */
export class Configuration {
  readonly #store: PolicyStore;
  readonly #clock: Clock;
  readonly #scopes: Map<ConfigScope, StoredScope>;
  readonly #found = new Map<SandboxId, Found>();
  readonly #answers = new RecentlyUsed<string, GetSandboxConfigResponse>({ capacity: keptAnswers });
  /** When each scope was taken over from the store; no two takings have one number. */
  readonly #turns = new Map<ConfigScope, number>();
  #turn = 0;
  readonly #listeners = new Set<(change: ConfigurationChange) => void>();

  private constructor({ store, clock }: ConfigurationOptions, scopes: readonly StoredScope[]) {
    this.#store = store;
    this.#clock = clock;
    this.#scopes = new Map(scopes.map((scope) => [scope.scope, scope]));
    for (const { scope } of scopes) this.#turns.set(scope, this.#turn);
  }

  /** Reads what the store has. */
  static async open(options: ConfigurationOptions): Promise<Configuration> {
    return new Configuration(options, await options.store.load());
  }

  /** Keeps memory true where other replicas write to the store too. */
  readonly follower = {
    reload: async (): Promise<void> => {
      const turns = new Map(this.#turns);
      const scopes = await this.#store.load();
      const unseen = new Set(this.#scopes.keys());
      const disputed: ConfigScope[] = [];
      for (const scope of scopes) {
        unseen.delete(scope.scope);
        if (!this.#take(scope.scope, turns.get(scope.scope), scope)) disputed.push(scope.scope);
      }
      for (const gone of unseen) if (!this.#take(gone, turns.get(gone), undefined)) disputed.push(gone);
      await this.#read(disputed);
    },
    learn: (scopes: readonly ConfigScope[]): Promise<void> => this.#read(scopes),
  };

  /**
   * Begins a sandbox's configuration. To be called for every sandbox, with or without a policy, before the sandbox is
   * stored, so that none ever runs without the policy that its creator gave it; one that is not stored after all is
   * forgotten by {@link remove}, or at the next start.
   * @throws Refusal `request-invalid`, naming fields below `spec.policy`.
   */
  async createInitial(id: SandboxId, policy: SandboxPolicy | undefined, creator: Principal): Promise<void> {
    const text = policy && readPolicy(policy, "spec.policy");
    await this.#write(id, async () => ({ scope: await this.#store.insert(id, text, this.#author(creator)) }));
  }

  /** Forgets a sandbox's configuration. */
  async remove(id: SandboxId): Promise<void> {
    await this.#store.remove(id);
    this.#put(id, undefined);
  }

  /**
   * What stands for a sandbox now. As long as nothing changes it is the same object, also for other sandboxes for which
   * the same stands, and it is marked so that its encoded form is kept beside it; nobody may change it.
   * @throws Refusal `sandbox-missing`.
   */
  effective({ id, workspace }: ScopedSandbox): GetSandboxConfigResponse {
    const [own, global] = [this.#scope(id), this.#scope("global")];
    const found = this.#found.get(id);
    const isSame = found?.ownRevision === own.revision && found.globalRevision === global.revision;
    return (isSame && this.#answers.get(found.contents)) || this.#find(id, own, global, workspace);
  }

  /** The version of its policy that a sandbox runs; 0 where it has said so of none. */
  loadedVersion(id: SandboxId): number {
    return this.#scopes.get(id)?.loadedVersion ?? 0;
  }

  /** @throws Refusal `sandbox-missing`, and whatever `decide` throws; nothing is changed then. */
  async change(
    scope: ConfigScope,
    author: Principal,
    decide: (standing: Standing) => ScopeChange | undefined,
  ): Promise<Changed> {
    const changed = await this.#write(scope, () => this.#store.change(scope, this.#author(author), decide));
    if (!changed) throw new Refusal("sandbox-missing");
    return changed;
  }

  /**
   * Records what a sandbox says of a version of its policy.
   * @throws Refusal `not-found` where it has no such version.
   */
  async report({ id }: ScopedSandbox, report: Omit<PolicyReport, "at">): Promise<void> {
    if (report.status === "loaded" && report.version === this.#scope(id).loadedVersion) return;
    const reported = await this.#write(id, async () => {
      const scope = await this.#store.report(id, { ...report, at: this.#clock.now() });
      return scope && { scope };
    });
    if (!reported) throw new Refusal("not-found", { says: `version ${report.version} of the policy not found` });
  }

  /** Calls the listener after each change of one sandbox's configuration, until it is disposed. */
  onChange(listener: (change: ConfigurationChange) => void): Disposable {
    const own = (change: ConfigurationChange) => listener(change);
    this.#listeners.add(own);
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) };
  }

  #author(principal: Principal): Author {
    const source = principal.kind === "sandbox" ? "sandbox" : "user";
    return { source, principal: nameOf(principal), at: this.#clock.now() };
  }

  #find(id: SandboxId, own: StoredScope, global: StoredScope, workspace: string): GetSandboxConfigResponse {
    const { contents, respond } = effectiveConfig(own, global, workspace || defaultWorkspace);
    this.#found.set(id, { ownRevision: own.revision, globalRevision: global.revision, contents });
    const known = this.#answers.get(contents);
    if (known) return known;
    const answer = encodedOnce(respond());
    this.#answers.set(contents, answer);
    return answer;
  }

  #scope(scope: ConfigScope): StoredScope {
    const found = this.#scopes.get(scope);
    if (!found) throw new Refusal("sandbox-missing");
    return found;
  }

  async #write<T extends { readonly scope: StoredScope; readonly resourceVersion?: number | undefined }>(
    scope: ConfigScope,
    write: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const turn = this.#turns.get(scope);
    const written = await write();
    if (written && !this.#take(scope, turn, written.scope, written.resourceVersion)) await this.#read([scope]);
    return written;
  }

  async #read(scopes: readonly ConfigScope[]): Promise<void> {
    let left = scopes;
    while (left.length > 0) {
      const turns = left.map((scope) => this.#turns.get(scope));
      const found = new Map((await this.#store.findMany(left)).map((row) => [row.scope, row]));
      left = left.filter((scope, index) => !this.#take(scope, turns[index], found.get(scope)));
    }
  }

  /** False, and nothing done, where something was taken over since the scope's turn was the given one. */
  #take(scope: ConfigScope, turn: number | undefined, row: StoredScope | undefined, resourceVersion?: number): boolean {
    if (this.#turns.get(scope) !== turn) return false;
    this.#put(scope, row, resourceVersion);
    return true;
  }

  #put(scope: ConfigScope, row: StoredScope | undefined, resourceVersion?: number): void {
    const before = this.#scopes.get(scope);
    if (!row) {
      this.#scopes.delete(scope);
      this.#turns.delete(scope);
      if (scope !== "global") this.#found.delete(scope);
      return;
    }
    this.#turn += 1;
    this.#turns.set(scope, this.#turn);
    this.#scopes.set(scope, row);
    // A restored database goes back, and will use the same numbers for something else.
    if (before && row.revision < before.revision) this.#found.clear();
    const isKnown = before?.revision === row.revision && before.loadedVersion === row.loadedVersion;
    if (scope === "global" || isKnown) return;
    const change = { sandboxId: scope, loadedVersion: row.loadedVersion, resourceVersion };
    for (const listener of this.#listeners) listener(change);
  }
}
