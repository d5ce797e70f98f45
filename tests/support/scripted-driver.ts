import type { ComputeDriver, SandboxSpec } from "../../src/compute/index.ts";
import type { SandboxId } from "../../src/core/ids.ts";
import type { Secret } from "../../src/core/secret.ts";

type Method = "validate" | "start" | "stop" | "remove" | "deliverToken" | "deliveredToken";

/** A driver that runs nothing, remembers everything, and fails where a test wants it to. */
export class ScriptedDriver implements ComputeDriver {
  readonly name = "scripted";
  readonly version = "1.2.3";
  delivery: "push" | "pull" = "push";
  readonly running = new Map<SandboxId, SandboxSpec>();
  readonly files = new Map<SandboxId, Secret>();
  /** Each call that changes something, by method and sandbox. */
  readonly calls: string[] = [];
  /** Methods that fail, and what they say. */
  readonly failing = new Map<Method, string>();
  /** Awaited by the methods that it names before they do their work. */
  readonly held = new Map<Method, Promise<unknown>>();

  validate(_spec: SandboxSpec): string | undefined {
    return this.failing.get("validate");
  }

  start(spec: SandboxSpec): Promise<void> {
    return this.#run("start", spec.id, () => void this.running.set(spec.id, spec));
  }

  stop(id: SandboxId): Promise<void> {
    return this.#run("stop", id, () => void this.running.delete(id));
  }

  remove(id: SandboxId): Promise<void> {
    return this.#run("remove", id, () => {
      this.running.delete(id);
      this.files.delete(id);
    });
  }

  deliverToken(id: SandboxId, token: Secret): Promise<void> {
    return this.#run("deliverToken", id, () => void this.files.set(id, token));
  }

  async deliveredToken(id: SandboxId): Promise<Secret | undefined> {
    return this.files.get(id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.running.clear();
  }

  async #run(method: Method, id: SandboxId, work: () => void): Promise<void> {
    this.calls.push(`${method} ${id}`);
    await this.held.get(method);
    const failure = this.failing.get(method);
    if (failure !== undefined) throw new Error(failure);
    work();
  }
}
