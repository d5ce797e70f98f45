import { expect } from "vitest";
import { type SandboxPhase, SandboxPhaseSchema } from "../../../gen/openshell/v1/sandboxes_pb.ts";
import type { Replica, TestSandbox } from "./replica.ts";

/** The requirement's word for how soon replicas agree (T5, T6), in milliseconds. */
const promptMs = 1_000;

/** The name of a sandbox's phase, as a gateway tells it. */
export async function phaseAt(replica: Replica, { name }: TestSandbox): Promise<string> {
  const { sandbox } = await replica.client().getSandbox({ name });
  return phaseName(sandbox?.status?.phase ?? 0);
}

/** Watches a sandbox until `end`; `phases` are those that it was in, without repetitions. */
export function watch(replica: Replica, { id }: TestSandbox) {
  const phases: string[] = [];
  const read = async () => {
    for await (const { payload } of replica.client().watchSandbox({ id, followStatus: true })) {
      if (payload.case !== "sandbox") continue;
      const phase = phaseName(payload.value.status?.phase ?? 0);
      if (phases.at(-1) !== phase) phases.push(phase);
    }
  };
  return { phases, ended: read() };
}

/**
 * Waits until a condition holds, and demands that it comes within a second from now. A machine that stands still for so
 * long fails it too, so those who use it let it be tried again.
 */
export async function promptly(condition: () => unknown, wanted: unknown): Promise<void> {
  const begun = performance.now();
  await expect.poll(condition, { timeout: 10_000, interval: 5 }).toEqual(wanted);
  expect(performance.now() - begun).toBeLessThan(promptMs);
}

const phaseName = (phase: SandboxPhase) => SandboxPhaseSchema.value[phase]?.localName ?? "";
