import type { ComputeDriver } from "../../compute/index.ts";
import type { SandboxId } from "../../core/ids.ts";
import { KeyedLock } from "../../core/keyed-lock.ts";
import type { Log } from "../../core/log.ts";
import { Refusal } from "../../core/refusal.ts";
import type { IssueCause } from "../../tokens/index.ts";
import type { Belongings } from "./belongings.ts";
import type { Credentials } from "./credentials.ts";
import { driverSpec } from "./driver-spec.ts";
import { ofDriver } from "./of-driver.ts";
import type { Owns } from "./ownership.ts";
import type { SandboxRegistry } from "./registry.ts";
import type { SandboxRecord } from "./sandbox-record.ts";

export interface SettlerOptions {
  readonly registry: SandboxRegistry;
  readonly credentials: Credentials;
  readonly driver: ComputeDriver;
  readonly belongings: readonly Belongings[];
  readonly owns: Owns;
  readonly log: Log;
}

/**
 * Brings sandboxes to what is wanted of them, each in its turn and for the wish that is the last by then; what fails is
 * remembered until it works. The driver is asked for sandboxes alone that are this replica's own.
 */
export class Settler {
  readonly #options: SettlerOptions;
  readonly #turns = new KeyedLock<SandboxId>();
  readonly #unsettled = new Set<SandboxId>();
  readonly #toHalt = new Set<SandboxId>();
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: SettlerOptions) {
    this.#options = options;
  }

  /** Sandboxes that are not yet what they should be. */
  get unsettled(): readonly SandboxId[] {
    return [...this.#unsettled];
  }

  /** Notes that there is something to do; with `halt`, that nothing of what runs may go on, even if it is to run at once. */
  note(id: SandboxId, { halt = false } = {}): void {
    this.#unsettled.add(id);
    if (halt) this.#toHalt.add(id);
  }

  isNoted(id: SandboxId): boolean {
    return this.#unsettled.has(id);
  }

  /** Everything was done that is this replica's to do. */
  forget(id: SandboxId): void {
    this.#unsettled.delete(id);
  }

  isToHalt(id: SandboxId): boolean {
    return this.#toHalt.has(id);
  }

  inTurn<T>(id: SandboxId, task: () => Promise<T>): Promise<T> {
    return this.#turns.run(id, task);
  }

  /** Never rejects. */
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

  settleSoon(id: SandboxId): void {
    const work: Promise<void> = this.settle(id).then(() => void this.#underWay.delete(work));
    this.#underWay.add(work);
  }

  /** Waits for the work that nobody else waits for. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Gives a sandbox its token and starts its supervisor, unless it is not to run any more; in turn. */
  async start(sandbox: SandboxRecord, cause: IssueCause): Promise<void> {
    const { driver, registry, credentials } = this.#options;
    if (driver.delivery === "push") await credentials.mend(sandbox.id, cause);
    if (registry.mayHaveToken(sandbox.id)) await ofDriver(driver, driver.start(driverSpec(sandbox)));
  }

  /** In turn. What is wanted may change while the driver works; what that asks for is done then, in this turn or the next. */
  async #bring(id: SandboxId): Promise<void> {
    const { registry, credentials, owns } = this.#options;
    const sandbox = registry.find(id);
    if (!sandbox) return this.#endRemains(id);
    if (!owns(sandbox)) return this.#passOn(id);
    if (sandbox.deletingSince !== undefined) return this.#finishRemoval(id);
    if (!registry.mayHaveToken(id) || this.#toHalt.has(id)) await credentials.end(id);
    if (sandbox.desired === "stopped" || this.#toHalt.has(id)) await this.#halt(id);
    if (registry.mayHaveToken(id)) await this.start(sandbox, "started");
  }

  /** Ends the tokens of a sandbox that nobody has any more, and what runs here of one that was this replica's own. */
  async #endRemains(id: SandboxId): Promise<void> {
    await this.#options.credentials.end(id);
    if (this.#toHalt.has(id)) await this.#halt(id);
  }

  /**
   * Stores what was wanted here of another replica's sandbox, with the end of its tokens, where that failed the first time.
   * The rest is its owner's, whenever that learns of it: until then the sandbox stays STOPPING, or DELETING.
   */
  async #passOn(id: SandboxId): Promise<void> {
    const { registry, credentials } = this.#options;
    if (registry.find(id)?.deletingSince !== undefined) await registry.beginRemoval(id);
    // What was wanted then may be long over, and a family begun since that lives by right.
    await registry.follower.learn([id]);
    if (!registry.mayHaveToken(id)) await credentials.end(id);
  }

  async #halt(id: SandboxId): Promise<void> {
    const { driver, registry } = this.#options;
    await ofDriver(driver, driver.stop(id));
    await registry.halted(id);
    this.#toHalt.delete(id);
  }

  async #finishRemoval(id: SandboxId): Promise<void> {
    const { registry, driver, belongings, credentials } = this.#options;
    await registry.beginRemoval(id);
    // Once more: a renewal that was under way may have begun a family after the first time.
    await credentials.end(id);
    await ofDriver(driver, driver.remove(id));
    for (const owner of belongings) await owner.end(id);
    await registry.remove(id);
    this.#toHalt.delete(id);
  }
}
