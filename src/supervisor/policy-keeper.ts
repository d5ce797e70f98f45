import type { SandboxPolicy } from "../../gen/openshell/sandbox/v1/policy_pb.ts";
import { chooseIdentity, type Identity, type IdentityChoice } from "./identity.ts";
import { unenforcedParts } from "./policy-verdict.ts";

/**
 * Holds the newest policy against what this supervisor enforces (requirement P7). A main process starts under a policy
 * that is enforced whole, or not at all; one that runs keeps its identity whatever policy comes later.
 */
export class PolicyKeeper {
  readonly #choice: IdentityChoice;
  /** Under the newest policy, if that one is enforced. */
  #enforced: Identity | undefined;
  #running: Identity | undefined;
  #change = Promise.withResolvers<void>();

  constructor(choice: IdentityChoice) {
    this.#choice = choice;
  }

  /** Takes the newest policy. Returns what of it is not enforced, in words; undefined where all is. */
  consider(policy: SandboxPolicy): string | undefined {
    const identity = this.#running ?? chooseIdentity(this.#choice, policy.process);
    const unenforced = unenforcedParts(policy, identity, this.#choice.accounts);
    this.#enforced = unenforced === undefined ? identity : undefined;
    const { resolve } = this.#change;
    this.#change = Promise.withResolvers();
    resolve();
    return unenforced;
  }

  /** Waits for a policy that is enforced; who the main process then runs as. Undefined where the signal aborted first. */
  async admit(signal: AbortSignal): Promise<Identity | undefined> {
    const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    while (!signal.aborted) {
      if (this.#enforced) {
        this.#running = this.#enforced;
        return this.#running;
      }
      await Promise.race([this.#change.promise, aborted]);
    }
    return undefined;
  }
}
