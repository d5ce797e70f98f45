import type { ComputeDriver } from "../../compute/index.ts";
import type { SandboxId } from "../../core/ids.ts";
import { type Reason, Refusal } from "../../core/refusal.ts";
import type { IssueCause, RevocationCause } from "../../tokens/index.ts";
import { ofDriver } from "./of-driver.ts";
import type { SandboxRegistry } from "./registry.ts";
import type { SandboxRecord } from "./sandbox-record.ts";
import type { SandboxTokens } from "./sandbox-tokens.ts";

export interface CredentialsOptions {
  readonly registry: Pick<SandboxRegistry, "find" | "mayHaveToken" | "follower">;
  readonly tokens: SandboxTokens;
  readonly driver: Pick<ComputeDriver, "name" | "deliveredToken">;
}

/** The tokens of sandboxes as their life needs them. Work on one sandbox's is to be done in turn, but for {@link end}. */
export class Credentials {
  readonly #options: CredentialsOptions;

  constructor(options: CredentialsOptions) {
    this.#options = options;
  }

  /**
   * Makes the supervisor's token file what its family says; where no family lives, a new one begins. Resolves to whether
   * anything was delivered.
   */
  async mend(id: SandboxId, cause: IssueCause): Promise<boolean> {
    const { tokens, driver } = this.#options;
    const current = await tokens.currentToken(id);
    const delivered = current && (await ofDriver(driver, driver.deliveredToken(id)));
    if (current && delivered?.equals(current)) return false;
    return current ? ofDriver(driver, tokens.deliver(id)) : this.renew(id, cause);
  }

  /**
   * Begins a new family and delivers it; resolves to whether it did. A sandbox that was stopped or deleted meanwhile has
   * none: the store begins no family for it, and one that was begun before is ended by whoever stopped it, and here.
   */
  async renew(id: SandboxId, cause: IssueCause): Promise<boolean> {
    const { registry, tokens, driver } = this.#options;
    if (!(await this.#begin(id, cause))) return false;
    if (registry.mayHaveToken(id)) return ofDriver(driver, tokens.deliver(id));
    await this.end(id);
    return false;
  }

  /** Ends all of a sandbox's tokens and streams, for what is wanted of it now. */
  async end(id: SandboxId): Promise<void> {
    const sandbox = this.#options.registry.find(id);
    await this.#options.tokens.revokeSandbox(id, causeFor(sandbox));
  }

  /** Where the store knows of a wish that is not known here yet, it is known when this resolves to false. */
  async #begin(id: SandboxId, cause: IssueCause): Promise<boolean> {
    const { registry, tokens } = this.#options;
    try {
      await tokens.issue(id, cause);
      return true;
    } catch (thrown) {
      if (!(thrown instanceof Refusal) || !refusedByWish.has(thrown.reason)) throw thrown;
      await registry.follower.learn([id]);
      if (registry.mayHaveToken(id)) throw thrown;
      return false;
    }
  }
}

/** What the store refuses a family for whose sandbox is gone, or is not to run. */
const refusedByWish: ReadonlySet<Reason> = new Set(["sandbox-missing", "state-conflict"]);

function causeFor(sandbox: SandboxRecord | undefined): RevocationCause {
  if (!sandbox || sandbox.deletingSince !== undefined) return "sandbox-deleted";
  return sandbox.desired === "withheld" ? "operator" : "sandbox-stopped";
}
