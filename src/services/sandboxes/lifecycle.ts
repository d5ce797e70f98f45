import { nameOf } from "../../access/index.ts";
import type { ComputeDriver, DriverEvent } from "../../compute/index.ts";
import type { Audit } from "../../core/audit.ts";
import { newSandboxId, type SandboxId } from "../../core/ids.ts";
import type { Log } from "../../core/log.ts";
import type { Principal } from "../../core/principal.ts";
import { Refusal } from "../../core/refusal.ts";
import type { IssueCause } from "../../tokens/index.ts";
import { driverSpec } from "./driver-spec.ts";
import { forEachOf } from "./for-each-of.ts";
import { KeyedLock } from "./keyed-lock.ts";
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

/** Sandboxes that are resumed at the same time. */
const resumedAtOnce = 8;

/**
 * Makes sandboxes, starts them again and deletes them, so that whatever fails or crashes on the way is brought to its
 * end later: what somebody wants of a sandbox is stored before it is done. Work on one sandbox is done in turn.
 */
export class SandboxLifecycle {
  readonly #options: LifecycleOptions;
  readonly #turns = new KeyedLock<SandboxId>();
  readonly #unsettled = new Set<SandboxId>();

  constructor(options: LifecycleOptions) {
    this.#options = options;
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

  /** Brings one sandbox to what it should be: running with a token that works, or gone. It never rejects. */
  async settle(id: SandboxId): Promise<void> {
    const { registry, log } = this.#options;
    try {
      await this.#turns.run(id, async () => {
        const sandbox = registry.find(id);
        if (sandbox?.deletingSince !== undefined) await this.#finishRemoval(id);
        else if (sandbox) await this.#start(sandbox, "started");
      });
      if (this.#unsettled.delete(id)) registry.report(id, undefined);
    } catch (cause) {
      this.#unsettled.add(id);
      registry.report(id, { reason: "Retrying", message: Refusal.from(cause).message });
      log.warn({ sandbox_id: id, err: cause }, "a sandbox is not what it should be; this is tried again");
    }
  }

  /**
   * Begins a new family and delivers its first token. For drivers, before they start a supervisor that died.
   * @throws Refusal `sandbox-missing` where the sandbox is gone or going; at once then, so that a driver that is told to
   * remove a sandbox never waits for itself.
   */
  async renewToken(id: SandboxId): Promise<void> {
    this.#demandAlive(id);
    await this.#turns.run(id, async () => {
      this.#demandAlive(id);
      await this.#renew(id, "renewed");
    });
  }

  /**
   * Makes sure that the sandbox's token file holds a token that is good; one that is good is never replaced. Resolves to
   * whether anything had to be done; rejects as {@link renewToken} does.
   */
  async mendToken(id: SandboxId): Promise<boolean> {
    this.#demandAlive(id);
    return this.#turns.run(id, async () => {
      this.#demandAlive(id);
      return this.#mendToken(id, "renewed");
    });
  }

  /** For drivers: what they observe becomes the sandbox's condition. */
  observe(event: DriverEvent): void {
    const { registry, log } = this.#options;
    if (event.kind !== "exited") return;
    const { sandboxId, detail, willRestartInMs } = event;
    log.warn({ sandbox_id: sandboxId, detail, restart_in_ms: willRestartInMs }, "a supervisor ended by itself");
    registry.report(sandboxId, { reason: "SupervisorExited", message: `the supervisor ended: ${detail}` });
  }

  #demandAlive(id: SandboxId): void {
    if (!this.#options.registry.byId(id)) throw new Refusal("sandbox-missing");
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

  async #start(sandbox: SandboxRecord, cause: IssueCause): Promise<void> {
    const { driver } = this.#options;
    if (driver.delivery === "push") await this.#mendToken(sandbox.id, cause);
    await ofDriver(driver, driver.start(driverSpec(sandbox)));
  }

  /** Makes the supervisor's token file what its family says; where no family lives, a new one begins. */
  async #mendToken(id: SandboxId, cause: IssueCause): Promise<boolean> {
    const { tokens, driver } = this.#options;
    const current = await tokens.currentToken(id);
    const delivered = current && (await ofDriver(driver, driver.deliveredToken(id)));
    if (current && delivered?.equals(current)) return false;
    if (current) await ofDriver(driver, tokens.deliver(id));
    else await this.#renew(id, cause);
    return true;
  }

  async #renew(id: SandboxId, cause: IssueCause): Promise<void> {
    const { tokens, driver } = this.#options;
    await tokens.issue(id, cause);
    await ofDriver(driver, tokens.deliver(id));
  }

  /** Rejects only where the wish could not be stored; it is repeated then all the same, as long as the process lives. */
  async #erase(id: SandboxId): Promise<void> {
    this.#unsettled.add(id);
    // At once, not in turn: whoever works on the sandbox now finds its tokens gone.
    await Promise.all([this.#options.registry.beginRemoval(id), this.#endTokens(id)]);
    await this.settle(id);
  }

  async #endTokens(id: SandboxId): Promise<void> {
    await this.#options.tokens.revokeSandbox(id, "sandbox-deleted");
  }

  async #finishRemoval(id: SandboxId): Promise<void> {
    const { registry, driver, belongings } = this.#options;
    await registry.beginRemoval(id);
    // Once more: a renewal that was under way may have begun a family after the first time.
    await this.#endTokens(id);
    await ofDriver(driver, driver.remove(id));
    for (const owner of belongings) await owner.end(id);
    await registry.remove(id);
  }
}

/** What a driver rejects with may be shown to people; it says which driver it is. */
async function ofDriver<T>({ name }: ComputeDriver, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    const says = `the compute driver ${name} failed: ${cause instanceof Error ? cause.message : "no reason given"}`;
    throw new Refusal("state-conflict", { says, cause });
  }
}
