import { nameOf } from "../../access/index.ts";
import type { ComputeDriver, DriverEvent } from "../../compute/index.ts";
import type { Audit } from "../../core/audit.ts";
import { newSandboxId, type SandboxId } from "../../core/ids.ts";
import type { Log } from "../../core/log.ts";
import type { Principal } from "../../core/principal.ts";
import { Refusal } from "../../core/refusal.ts";
import type { Family, IssueCause } from "../../tokens/index.ts";
import { Credentials } from "./credentials.ts";
import { driverSpec } from "./driver-spec.ts";
import { forEachOf } from "./for-each-of.ts";
import { KeyedLock } from "./keyed-lock.ts";
import { ofDriver } from "./of-driver.ts";
import type { SandboxRegistry } from "./registry.ts";
import type { NewSandbox, SandboxRecord } from "./sandbox-record.ts";
import type { SandboxTokens } from "./sandbox-tokens.ts";

/** Something else that the gateway keeps for each sandbox, as its policies and its logs. */
export interface Belongings {
  /** Called before the sandbox itself is stored; where it rejects, the sandbox is not made. */
  begin?(id: SandboxId, wanted: NewSandbox, creator: Principal): Promise<void>;
  /** Called after the sandbox's tokens have ended; may be called again after a crash, and for what never began. */
  end(id: SandboxId): Promise<void>;
}

export interface LifecycleOptions {
  readonly registry: SandboxRegistry;
  readonly tokens: SandboxTokens;
  readonly driver: ComputeDriver;
  readonly belongings: readonly Belongings[];
  readonly audit: Audit;
  readonly log: Log;
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
 * each with the end of the tokens that it ends; the work that they bring is done in a turn of its own, for the wish that
 * is the last by then, and nobody waits for it who does not have to.
 */
export class SandboxLifecycle implements AsyncDisposable {
  readonly #options: LifecycleOptions;
  readonly #credentials: Credentials;
  readonly #wishes = new KeyedLock<SandboxId>();
  readonly #turns = new KeyedLock<SandboxId>();
  readonly #unsettled = new Set<SandboxId>();
  /** Sandboxes of which nothing of what runs may go on, even if they are started at once. */
  readonly #toHalt = new Set<SandboxId>();
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: LifecycleOptions) {
    this.#options = options;
    this.#credentials = new Credentials(options);
  }

  /** Sandboxes that are not yet what they should be because something failed; see {@link settle}. */
  get unsettled(): readonly SandboxId[] {
    return [...this.#unsettled];
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
    return this.#wishes.run(id, async () => {
      const before = registry.find(id)?.desired;
      const wished = await registry.wish(id, "stopped");
      if (before === "stopped" && !this.#unsettled.has(id)) return wished;
      this.#toHalt.add(id);
      this.#unsettled.add(id);
      if (before !== "stopped") audit({ event: "sandbox.stopped", principal: nameOf(principal), sandboxId: id });
      await this.#credentials.end(id);
      this.#settleSoon(id);
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
    return this.#wishes.run(id, async () => {
      const before = registry.find(id);
      const wished = await registry.wish(id, "running");
      if (before?.desired === "running") return wished;
      if (before?.desired === "withheld") this.#toHalt.add(id);
      this.#unsettled.add(id);
      audit({ event: "sandbox.started", principal: nameOf(principal), sandboxId: id });
      this.#settleSoon(id);
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
    const families = await this.#wishes.run(id, async () => {
      if (registry.find(id)?.desired !== "stopped") await registry.wish(id, renew ? "running" : "withheld");
      return tokens.revokeSandbox(id, "operator", nameOf(principal));
    });
    const renews = registry.mayHaveToken(id);
    if (renews) this.#settleSoon(id);
    return { families, renews };
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

  /** Brings every sandbox to what it should be, at the gateway's start; the supervisors must be able to reach it by then. */
  async resume(): Promise<void> {
    const ids = this.#options.registry.list().map(({ id }) => id);
    await forEachOf(ids, resumedAtOnce, (id) => this.settle(id));
  }

  /** Brings one sandbox to what it should be: running with a token that works, stopped without one, or gone. It never rejects. */
  async settle(id: SandboxId): Promise<void> {
    const { registry, log } = this.#options;
    try {
      const wasUnsettled = await this.#turns.run(id, async () => {
        // Before the work and not after it: what is wished for meanwhile makes it unsettled once more.
        const was = this.#unsettled.delete(id);
        await this.#bring(id);
        return was;
      });
      if (wasUnsettled) registry.report(id, undefined);
    } catch (cause) {
      this.#unsettled.add(id);
      registry.report(id, { reason: "Retrying", message: Refusal.from(cause).message });
      log.warn({ sandbox_id: id, err: cause }, "a sandbox is not what it should be; this is tried again");
    }
  }

  /**
   * Begins a new family and delivers its first token. For drivers, before they start a supervisor that died.
   * @throws Refusal `sandbox-missing` where the sandbox is gone or going, `state-conflict` where it is stopped or its token
   * withheld; at once then, so that a driver that is told to end a sandbox never waits for itself.
   */
  async renewToken(id: SandboxId): Promise<void> {
    this.#demandToken(id);
    await this.#turns.run(id, async () => {
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
    return this.#turns.run(id, async () => {
      this.#demandToken(id);
      return this.#credentials.mend(id, "renewed");
    });
  }

  /** For drivers: what they observe becomes the sandbox's condition, unless it is what somebody wanted. */
  observe(event: DriverEvent): void {
    const { registry, log } = this.#options;
    if (event.kind !== "exited") return;
    const { sandboxId, detail, willRestartInMs } = event;
    if (!registry.mayHaveToken(sandboxId)) return;
    log.warn({ sandbox_id: sandboxId, detail, restart_in_ms: willRestartInMs }, "a supervisor ended by itself");
    registry.report(sandboxId, { reason: "SupervisorExited", message: `the supervisor ended: ${detail}` });
  }

  /** Waits for the work that nobody else waits for. */
  async [Symbol.asyncDispose](): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  #settleSoon(id: SandboxId): void {
    const work: Promise<void> = this.settle(id).then(() => void this.#underWay.delete(work));
    this.#underWay.add(work);
  }

  #demandToken(id: SandboxId): void {
    const { registry } = this.#options;
    if (registry.mayHaveToken(id) && !this.#toHalt.has(id)) return;
    const sandbox = registry.byId(id);
    if (!sandbox) throw new Refusal("sandbox-missing");
    throw new Refusal("state-conflict", {
      says: `sandbox '${sandbox.name}' gets no token: it is stopped, or its token was taken back`,
    });
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
      await this.#turns.run(made.id, () => this.#start(made, "created"));
    } catch (cause) {
      this.#options.log.warn({ sandbox_id: made.id, err: cause }, "a sandbox was not started; it is removed again");
      await this.#erase(made.id);
      throw cause;
    }
  }

  /** In turn. What is wanted may change while the driver works; what that asks for is done then, in this turn or the next. */
  async #bring(id: SandboxId): Promise<void> {
    const { registry } = this.#options;
    const sandbox = registry.find(id);
    if (!sandbox) return;
    if (sandbox.deletingSince !== undefined) return this.#finishRemoval(id);
    if (!registry.mayHaveToken(id) || this.#toHalt.has(id)) await this.#credentials.end(id);
    if (sandbox.desired === "stopped" || this.#toHalt.has(id)) await this.#halt(id);
    if (registry.mayHaveToken(id)) await this.#start(sandbox, "started");
  }

  async #start(sandbox: SandboxRecord, cause: IssueCause): Promise<void> {
    const { driver, registry } = this.#options;
    if (driver.delivery === "push") await this.#credentials.mend(sandbox.id, cause);
    if (registry.mayHaveToken(sandbox.id)) await ofDriver(driver, driver.start(driverSpec(sandbox)));
  }

  async #halt(id: SandboxId): Promise<void> {
    const { driver, registry } = this.#options;
    await ofDriver(driver, driver.stop(id));
    this.#toHalt.delete(id);
    registry.halted(id);
  }

  /** Rejects only where the wish could not be stored; it is repeated then all the same, as long as the process lives. */
  async #erase(id: SandboxId): Promise<void> {
    this.#unsettled.add(id);
    // At once, not in turn: whoever works on the sandbox now finds its tokens gone.
    await Promise.all([this.#options.registry.beginRemoval(id), this.#credentials.end(id)]);
    await this.settle(id);
  }

  async #finishRemoval(id: SandboxId): Promise<void> {
    const { registry, driver, belongings } = this.#options;
    await registry.beginRemoval(id);
    // Once more: a renewal that was under way may have begun a family after the first time.
    await this.#credentials.end(id);
    await ofDriver(driver, driver.remove(id));
    for (const owner of belongings) await owner.end(id);
    await registry.remove(id);
    this.#toHalt.delete(id);
  }
}
