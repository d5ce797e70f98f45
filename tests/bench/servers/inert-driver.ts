import type { ComputeDriver } from "../../../src/compute/index.ts";
import type { SandboxId } from "../../../src/core/ids.ts";
import type { Secret } from "../../../src/core/secret.ts";

/** A driver that starts nothing and keeps tokens in memory: the gateway's own work is measured, not a sandbox's. */
export class InertDriver implements ComputeDriver {
  readonly name = "inert";
  readonly version = "1";
  readonly delivery = "push";
  readonly #tokens = new Map<SandboxId, Secret>();
  #started = 0;

  /** The token that was delivered last to each sandbox. */
  get tokens(): ReadonlyMap<SandboxId, Secret> {
    return this.#tokens;
  }

  /** How many times it was told to start a sandbox. */
  get started(): number {
    return this.#started;
  }

  validate(): undefined {
    return undefined;
  }

  start(): Promise<void> {
    this.#started += 1;
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  async remove(id: SandboxId): Promise<void> {
    this.#tokens.delete(id);
  }

  async deliverToken(id: SandboxId, token: Secret): Promise<void> {
    this.#tokens.set(id, token);
  }

  async deliveredToken(id: SandboxId): Promise<Secret | undefined> {
    return this.#tokens.get(id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#tokens.clear();
  }
}
