import type { SandboxId } from "../../../../src/core/ids.ts";
import { Refusal } from "../../../../src/core/refusal.ts";
import type { Secret } from "../../../../src/core/secret.ts";
import type { SandboxStore, StoredSandbox } from "../../../../src/store/index.ts";
import { MemoryFamilyStore } from "../../../support/memory-family-store.ts";
import { ScriptedDriver } from "../../../support/scripted-driver.ts";
import type { Steps } from "./step-by-step.ts";

/** Everything that changes something waits before it does, and again before it says so. */
export class SteppedFamilies extends MemoryFamilyStore {
  readonly steps: Steps;
  readonly #demandRunning: (id: SandboxId) => void;

  /** `demandRunning` throws where the sandbox is to have no family. */
  constructor(steps: Steps, demandRunning: (id: SandboxId) => void = () => undefined) {
    super();
    this.steps = steps;
    this.#demandRunning = demandRunning;
  }

  override begin(...given: Parameters<MemoryFamilyStore["begin"]>) {
    return this.#step("begin", async () => {
      this.#demandRunning(given[0].sandboxId);
      return super.begin(...given);
    });
  }

  override rotate(...given: Parameters<MemoryFamilyStore["rotate"]>) {
    return this.#step("rotate", () => super.rotate(...given));
  }

  override revokeSandbox(...given: Parameters<MemoryFamilyStore["revokeSandbox"]>) {
    return this.#step("revoke", () => super.revokeSandbox(...given));
  }

  async #step<T>(name: string, work: () => Promise<T>): Promise<T> {
    await this.steps.reach(name);
    const result = await work();
    await this.steps.reach(`${name} done`);
    return result;
  }
}

export class SteppedDriver extends ScriptedDriver {
  readonly steps: Steps;

  constructor(steps: Steps) {
    super();
    this.steps = steps;
  }

  override async deliverToken(id: SandboxId, token: Secret) {
    await this.steps.reach("deliver");
    await super.deliverToken(id, token);
  }

  override async stop(id: SandboxId) {
    await this.steps.reach("driver.stop");
    await super.stop(id);
  }

  override async start(spec: Parameters<ScriptedDriver["start"]>[0]) {
    await this.steps.reach("driver.start");
    await super.start(spec);
  }
}

/** Sandboxes in memory, as the contract has it. */
export function steppedSandboxes(steps: Steps) {
  const rows = new Map<SandboxId, StoredSandbox>();
  const store: SandboxStore = {
    load: async () => [...rows.values()],
    findMany: async (ids) => ids.flatMap((id) => rows.get(id) ?? []),
    findNamed: async (workspace, name) => rows.values().find((row) => row.workspace === workspace && row.name === name),
    async insert(sandbox) {
      rows.set(sandbox.id, sandbox);
      return true;
    },
    async setDesired(id, desired) {
      await steps.reach(`wish ${desired}`);
      const row = rows.get(id);
      if (!row || row.desired === "deleted") return desired === "deleted" ? row : undefined;
      const halted = row.desired === desired && row.halted;
      const changed = { ...row, desired, halted, resourceVersion: row.resourceVersion + 1 };
      rows.set(id, changed);
      await steps.reach(`wish ${desired} done`);
      return changed;
    },
    async setHalted(id) {
      await steps.reach("halted");
      const row = rows.get(id);
      if (row?.desired !== "stopped") return undefined;
      rows.set(id, { ...row, halted: true });
      return rows.get(id);
    },
    remove: async (id) => rows.delete(id),
  };
  const demandRunning = (id: SandboxId) => {
    if (rows.get(id)?.desired !== "running") throw new Refusal(rows.has(id) ? "state-conflict" : "sandbox-missing");
  };
  return { rows, store, demandRunning };
}
