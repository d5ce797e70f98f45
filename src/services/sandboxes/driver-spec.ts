import type { SandboxSpec } from "../../compute/index.ts";
import type { SandboxRecord } from "./sandbox-record.ts";

/** What a driver is told of a sandbox. The sandbox's own variables win over its template's. */
export function driverSpec(sandbox: Pick<SandboxRecord, "id" | "name" | "workspace" | "spec">): SandboxSpec {
  const { id, name, workspace, spec } = sandbox;
  return {
    ...{ id, name, workspace },
    logLevel: spec.logLevel,
    command: spec.command,
    tty: spec.tty,
    environment: { ...spec.template?.environment, ...spec.environment },
  };
}
