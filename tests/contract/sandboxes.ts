import { newSandboxId } from "../../src/core/ids.ts";
import type { StoredSandbox } from "../../src/store/index.ts";

/** A sandbox that was just made and is to run; its name is its id where none is given. */
export function newSandbox(over: Partial<StoredSandbox> = {}): StoredSandbox {
  const id = over.id ?? newSandboxId();
  return {
    ...{ id, workspace: "default", name: id, spec: new Uint8Array(), labels: {}, annotations: {} },
    ...{ createdAt: 1, resourceVersion: 1, desired: "running", replica: undefined, halted: false },
    ...over,
  };
}
