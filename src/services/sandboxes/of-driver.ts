import type { ComputeDriver } from "../../compute/index.ts";
import { Refusal } from "../../core/refusal.ts";

/** Awaits a driver's work. What a driver rejects with may be shown to people; it says which driver it is. */
export async function ofDriver<T>({ name }: Pick<ComputeDriver, "name">, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    const says = `the compute driver ${name} failed: ${cause instanceof Error ? cause.message : "no reason given"}`;
    throw new Refusal("state-conflict", { says, cause });
  }
}
