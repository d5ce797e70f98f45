import type { ComputeDriver } from "../../compute/index.ts";
import type { SandboxId } from "../../core/ids.ts";
import type { IssueCause, RevocationCause } from "../../tokens/index.ts";
import { ofDriver } from "./of-driver.ts";
import type { SandboxRegistry } from "./registry.ts";
import type { SandboxRecord } from "./sandbox-record.ts";
import type { SandboxTokens } from "./sandbox-tokens.ts";

export interface CredentialsOptions {
  readonly registry: Pick<SandboxRegistry, "find" | "mayHaveToken">;
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
   * anything had to be done.
   */
  async mend(id: SandboxId, cause: IssueCause): Promise<boolean> {
    const { tokens, driver } = this.#options;
    const current = await tokens.currentToken(id);
    const delivered = current && (await ofDriver(driver, driver.deliveredToken(id)));
    if (current && delivered?.equals(current)) return false;
    if (current) await ofDriver(driver, tokens.deliver(id));
    else await this.renew(id, cause);
    return true;
  }

  /**
   * Begins a new family and delivers it. A sandbox that was stopped or deleted while its family was being stored keeps
   * none: whoever stopped it ended the families that were there then, and this one is ended here.
   */
  async renew(id: SandboxId, cause: IssueCause): Promise<void> {
    const { registry, tokens, driver } = this.#options;
    await tokens.issue(id, cause);
    if (registry.mayHaveToken(id)) await ofDriver(driver, tokens.deliver(id));
    else await this.end(id);
  }

  /** Ends all of a sandbox's tokens and streams, for what is wanted of it now. */
  async end(id: SandboxId): Promise<void> {
    const sandbox = this.#options.registry.find(id);
    await this.#options.tokens.revokeSandbox(id, causeFor(sandbox));
  }
}

function causeFor(sandbox: SandboxRecord | undefined): RevocationCause {
  if (!sandbox || sandbox.deletingSince !== undefined) return "sandbox-deleted";
  return sandbox.desired === "withheld" ? "operator" : "sandbox-stopped";
}
