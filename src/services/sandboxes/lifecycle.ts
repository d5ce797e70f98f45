import { SandboxPhase } from "../../../gen/openshell/v1/sandboxes_pb.ts";
import { nameOf } from "../../access/index.ts";
import type { ComputeDriver, DriverEvent } from "../../compute/index.ts";
import type { Audit } from "../../core/audit.ts";
import { newSandboxId, type SandboxId } from "../../core/ids.ts";
import { KeyedLock } from "../../core/keyed-lock.ts";
import type { Log } from "../../core/log.ts";
import type { Principal } from "../../core/principal.ts";
import { Refusal } from "../../core/refusal.ts";
import type { Family } from "../../tokens/index.ts";
import type { Belongings } from "./belongings.ts";
import { Credentials } from "./credentials.ts";
import { driverSpec } from "./driver-spec.ts";
import { followWishes } from "./follow-wishes.ts";
import { forEachOf } from "./for-each-of.ts";
import { type Owns, ownsEverything } from "./ownership.ts";
import type { SandboxRegistry } from "./registry.ts";
import type { NewSandbox, SandboxRecord } from "./sandbox-record.ts";
import type { SandboxTokens } from "./sandbox-tokens.ts";
import { Settler } from "./settler.ts";

export interface LifecycleOptions {
  readonly registry: SandboxRegistry;
  readonly tokens: SandboxTokens;
  readonly driver: ComputeDriver;
  readonly belongings: readonly Belongings[];
  readonly audit: Audit;
  readonly log: Log;
  /** Which sandboxes are this replica's to run; all where nothing is said. */
  readonly owns?: Owns;
}

/** What became of a sandbox's credential when it was taken back. */
export interface TakenBack {
  /** Those that were live until now. */
  readonly families: readonly Family[];
  /** Does the sandbox get a new one? */
  readonly renews: boolean;
}

/** Sandboxes that are resumed at the same time. */
const resumedAtOnce = 8;

/**
 * Makes sandboxes, stops them, starts them again and deletes them, so that whatever fails or crashes on the way is brought
 * to its end later: what somebody wants of a sandbox is stored before it is done. A sandbox's wishes are stored in turn,
 * each with the end of the tokens that it ends; the work that they bring is the settler's, and nobody waits for it who
 * does not have to. Any replica takes any wish; what it brings is done by the sandbox's owner (see {@link Owns}).
 */
export class SandboxLifecycle implements AsyncDisposable {
  readonly #options: LifecycleOptions;
  readonly #owns: Owns;
  readonly #credentials: Credentials;
  readonly #settler: Settler;
  readonly #wishes = new KeyedLock<SandboxId>();
  readonly #wishing = new Set<SandboxId>();
  readonly #following: Disposable;

  constructor(options: LifecycleOptions) {
    const { owns = ownsEverything } = options;
    this.#options = options;
    this.#owns = owns;
    this.#credentials = new Credentials(options);
    this.#settler = new Settler({ ...options, owns, credentials: this.#credentials });
    const isWishing = (id: SandboxId) => this.#wishing.has(id);
    this.#following = followWishes({ ...options, owns, settler: this.#settler, isWishing });
  }

  /** Sandboxes that are not yet what they should be because something failed; see {@link settle}. */
  get unsettled(): readonly SandboxId[] {
    return this.#settler.unsettled;
  }

  /**
   * Stores a sandbox, gives it a token family and starts its supervisor. Where a step fails, all of it is undone.
   * Resolves to the sandbox as it was made, in phase PROVISIONING.
   * @throws Refusal `request-invalid` where the driver cannot run it, `name-taken`, `state-conflict` where it could not
   * be started, `store-unavailable`.
   */
  async create(wanted: NewSandbox, creator: Principal): Promise<SandboxRecord> {
    const { driver, audit } = this.#options;
    const id = newSandboxId();
    const unfit = driver.validate(driverSpec({ id, ...wanted }));
    if (unfit !== undefined) throw new Refusal("request-invalid", { says: unfit });
    const made = await this.#store(id, wanted, creator);
    await this.#launch(made);
    audit({ event: "sandbox.created", principal: nameOf(creator), sandboxId: id });
    return made;
  }

  /**
   * Wants a sandbox stopped, and ends its tokens and streams (requirement T5): both are stored when this resolves, and no
   * crash loses the rest. Its supervisor is ended after that; resolves to the sandbox as it is then, STOPPING, or STOPPED
   * where it was before.
   * @throws Refusal `sandbox-missing`, `state-conflict` where it is being deleted, `store-unavailable`.
   */
  async stop(id: SandboxId, principal: Principal): Promise<SandboxRecord> {
    const { registry, audit } = this.#options;
    return this.#wish(id, async (before) => {
      const wished = await registry.wish(id, "stopped");
      if (before.phase === SandboxPhase.STOPPED) return wished;
      const isOwn = this.#owns(before);
      this.#settler.note(id, { halt: isOwn });
      if (before.desired !== "stopped") {
        audit({ event: "sandbox.stopped", principal: nameOf(principal), sandboxId: id });
      }
      await this.#credentials.end(id);
      if (!isOwn) this.#settler.forget(id);
      return wished;
    });
  }

  /**
   * Wants a sandbox to run that was stopped, or whose token is withheld. It begins anew, with a new token family, after all
   * that still runs of it has been ended. Resolves once the wish is stored, to the sandbox as it is then, STARTING; one that
   * is to run already is left as it is.
   * @throws Refusal as {@link stop}.
   */
  async start(id: SandboxId, principal: Principal): Promise<SandboxRecord> {
    const { registry, audit } = this.#options;
    return this.#wish(id, async (before) => {
      if (before.desired === "running") return registry.wish(id, "running");
      const isOwn = this.#owns(before);
      if (!isOwn) await this.#stopBeforeStart(id);
      const wished = await registry.wish(id, "running");
      if (isOwn) this.#settler.note(id, { halt: before.phase !== SandboxPhase.STOPPED });
      audit({ event: "sandbox.started", principal: nameOf(principal), sandboxId: id });
      return wished;
    });
  }

  /**
   * Ends all tokens and streams of a sandbox, durably, because an administrator wants them back. A sandbox that is to run
   * gets a new family at once; where `renew` is false it gets none until it is started, or this is done again with `renew`,
   * and what runs of it is left alone.
   * @throws Refusal as {@link stop}.
   */
  async takeTokensBack(id: SandboxId, { renew }: { renew: boolean }, principal: Principal): Promise<TakenBack> {
    const { registry, tokens } = this.#options;
    return this.#wish(id, async (before) => {
      if (before.desired !== "stopped") await registry.wish(id, renew ? "running" : "withheld");
      const families = await tokens.revokeSandbox(id, "operator", nameOf(principal));
      const renews = registry.mayHaveToken(id);
      // Another's owner hears of it, as of every family that ended.
      if (renews && this.#owns(before)) this.#settler.settleSoon(id);
      return { families, renews };
    });
  }

  /**
   * Ends a sandbox's tokens and streams, then its supervisor, then all that is kept of it. It resolves once the deletion
   * can no longer be lost; where the driver fails, it is tried again until it works.
   */
  async remove(id: SandboxId, principal: Principal): Promise<void> {
    const { registry, audit } = this.#options;
    if (!registry.find(id)) return;
    await this.#erase(id);
    audit({ event: "sandbox.deleted", principal: nameOf(principal), sandboxId: id });
  }

  /** Brings this replica's sandboxes to what they should be, at its start; supervisors must be able to reach it by then. */
  async resume(): Promise<void> {
    const own = this.#options.registry.list().filter(this.#owns);
    await forEachOf(own, resumedAtOnce, ({ id }) => this.settle(id));
  }

  /** Brings one sandbox to what it should be: running with a token that works, stopped without one, or gone. It never rejects. */
  settle(id: SandboxId): Promise<void> {
    return this.#settler.settle(id);
  }

  /**
   * Begins a new family and delivers its first token. For drivers, before they start a supervisor that died.
   * @throws Refusal `sandbox-missing` where the sandbox is gone or going, `state-conflict` where it is stopped or its token
   * withheld, or another replica runs it; at once then, so that a driver that is told to end a sandbox never waits for itself.
   */
  async renewToken(id: SandboxId): Promise<void> {
    this.#demandToken(id);
    await this.#settler.inTurn(id, async () => {
      this.#demandToken(id);
      await this.#credentials.renew(id, "renewed");
      this.#demandToken(id);
    });
  }

  /**
   * Makes sure that the sandbox's token file holds a token that is good; one that is good is never replaced. Resolves to
   * whether anything had to be done; rejects as {@link renewToken} does.
   */
  async mendToken(id: SandboxId): Promise<boolean> {
    this.#demandToken(id);
    return this.#settler.inTurn(id, async () => {
      this.#demandToken(id);
      return this.#credentials.mend(id, "renewed");
    });
  }

  /** For drivers: what they observe becomes the sandbox's condition, unless it is what somebody wanted. */
  observe(event: DriverEvent): void {
    const { registry, log } = this.#options;
    if (event.kind !== "exited") return;
    const { sandboxId, detail, willRestartInMs } = event;
    const sandbox = registry.find(sandboxId);
    if (!sandbox || !this.#owns(sandbox) || !registry.mayHaveToken(sandboxId)) return;
    log.warn({ sandbox_id: sandboxId, detail, restart_in_ms: willRestartInMs }, "a supervisor ended by itself");
    registry.report(sandboxId, { reason: "SupervisorExited", message: `the supervisor ended: ${detail}` });
  }

  /** Waits for the work that nobody else waits for. */
  idle(): Promise<void> {
    return this.#settler.idle();
  }

  /** Learns nothing more, and waits as {@link idle} does. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#following[Symbol.dispose]();
    await this.idle();
  }

  /** Stores a wish in its turn, then has settled what it brings. `store` is given the sandbox as the store has it. */
  #wish<T>(id: SandboxId, store: (before: SandboxRecord) => Promise<T>): Promise<T> {
    return this.#wishes.run(id, async () => {
      this.#wishing.add(id);
      try {
        return await store(await this.#options.registry.refresh(id));
      } finally {
        this.#wishing.delete(id);
        if (this.#settler.isNoted(id)) this.#settler.settleSoon(id);
      }
    });
  }

  /**
   * A start elsewhere ends all that was before it in the store, because its owner may see of several wishes the last alone.
   * What it sees of a withheld one that is started may then be that it is given a token: what runs goes on with that.
   */
  async #stopBeforeStart(id: SandboxId): Promise<void> {
    await this.#options.registry.wish(id, "stopped");
    await this.#credentials.end(id);
  }

  #demandToken(id: SandboxId): void {
    const { registry } = this.#options;
    const sandbox = registry.find(id);
    if (!sandbox || sandbox.deletingSince !== undefined) throw new Refusal("sandbox-missing");
    const says = `sandbox '${sandbox.name}' gets no token`;
    if (!this.#owns(sandbox)) throw new Refusal("state-conflict", { says: `${says} here: another gateway runs it` });
    if (registry.mayHaveToken(id) && !this.#settler.isToHalt(id)) return;
    throw new Refusal("state-conflict", { says: `${says}: it is stopped, or its token was taken back` });
  }

  async #store(id: SandboxId, wanted: NewSandbox, creator: Principal): Promise<SandboxRecord> {
    const { registry, belongings } = this.#options;
    try {
      for (const owner of belongings) await owner.begin?.(id, wanted, creator);
      return await registry.add(id, wanted);
    } catch (cause) {
      for (const owner of belongings) await owner.end(id);
      throw cause;
    }
  }

  async #launch(made: SandboxRecord): Promise<void> {
    try {
      await this.#settler.inTurn(made.id, () => this.#settler.start(made, "created"));
    } catch (cause) {
      this.#options.log.warn({ sandbox_id: made.id, err: cause }, "a sandbox was not started; it is removed again");
      await this.#erase(made.id);
      throw cause;
    }
  }

  /** Rejects only where the wish could not be stored; it is repeated then all the same, as long as the process lives. */
  async #erase(id: SandboxId): Promise<void> {
    const { registry } = this.#options;
    const sandbox = registry.find(id);
    this.#settler.note(id);
    // At once, not in turn: whoever works on the sandbox now finds its tokens gone.
    await Promise.all([registry.beginRemoval(id), this.#credentials.end(id)]);
    if (sandbox && !this.#owns(sandbox)) this.#settler.forget(id);
    else await this.#settler.settle(id);
  }
}
