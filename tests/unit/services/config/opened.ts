import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { onTestFinished } from "vitest";
import {
  GetSandboxConfigRequestSchema,
  type GetSandboxConfigResponse,
  GetSandboxConfigResponseSchema,
} from "../../../../gen/openshell/sandbox/v1/config_pb.ts";
import type { SandboxPolicy } from "../../../../gen/openshell/sandbox/v1/policy_pb.ts";
import { UpdateConfigRequestSchema, UpdateConfigResponseSchema } from "../../../../gen/openshell/v1/config_pb.ts";
import { type PolicyStatus, ReportPolicyStatusRequestSchema } from "../../../../gen/openshell/v1/policy_pb.ts";
import type { AuditEvent } from "../../../../src/core/audit.ts";
import { newSandboxId } from "../../../../src/core/ids.ts";
import { silentLog } from "../../../../src/core/log.ts";
import type { UserPrincipal } from "../../../../src/core/principal.ts";
import { grantScope, type ScopedSandbox } from "../../../../src/core/scoped-sandbox.ts";
import { Configuration, createConfigHandlers } from "../../../../src/services/config/index.ts";
import { openStore, type Store } from "../../../../src/store/index.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { sandboxPrincipal, userPrincipal } from "../../../support/principals.ts";

type Update = Omit<MessageInitShape<typeof UpdateConfigRequestSchema>, "$typeName">;

/** The configuration service over a real database, as its callers reach it behind the guard. */
export interface Opened {
  readonly store: Store;
  readonly configuration: Configuration;
  readonly clock: FakeClock;
  readonly audited: AuditEvent[];
  /** A stored sandbox with this policy, or with none. */
  sandbox(policy?: SandboxPolicy, name?: string): Promise<ScopedSandbox>;
  get(sandbox: ScopedSandbox): Promise<GetSandboxConfigResponse>;
  /** UpdateConfig by a user; `global` is set where no sandbox is given. */
  user(sandbox: ScopedSandbox | undefined, update: Update, by?: UserPrincipal): Promise<Updated>;
  /** UpdateConfig by the sandbox itself. */
  sync(sandbox: ScopedSandbox, update: Update): Promise<Updated>;
  report(sandbox: ScopedSandbox, version: number, status: PolicyStatus, loadError?: string): Promise<void>;
  /** Closes the database and opens it again, as a restart of the gateway does. */
  restart(): Promise<Opened>;
}

type Updated = MessageShape<typeof UpdateConfigResponseSchema>;

export function openConfiguration(): Promise<Opened> {
  const directory = mkdtempSync(join(tmpdir(), "openshell-config-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return open(join(directory, "gateway.db"));
}

async function open(path: string): Promise<Opened> {
  const store = await openStore({ database: { kind: "sqlite", path }, log: silentLog });
  onTestFinished(() => store[Symbol.asyncDispose]());
  const clock = new FakeClock();
  const configuration = await Configuration.open({ store: store.policies, clock });
  const audited: AuditEvent[] = [];
  const roles = { adminRole: "openshell-admin", userRole: "openshell-user", enforceScopes: false };
  const handlers = createConfigHandlers({ configuration, roles, audit: (event) => audited.push(event) });
  const call = { signal: new AbortController().signal, metadata: { get: () => undefined } };
  return {
    ...{ store, configuration, clock, audited },
    async sandbox(policy, name = "alpha") {
      const scope = grantScope({ id: newSandboxId(), name, workspace: "default" });
      await configuration.createInitial(scope.id, policy, userPrincipal());
      await store.sandboxes.insert({
        ...{ id: scope.id, name, workspace: scope.workspace, spec: new Uint8Array(), labels: {}, annotations: {} },
        ...{ createdAt: clock.now(), resourceVersion: 1, desired: "running", replica: undefined, halted: false },
      });
      return scope;
    },
    async get(sandbox) {
      const request = create(GetSandboxConfigRequestSchema, { sandboxId: sandbox.id });
      const answer = await handlers.getSandboxConfig(request, { ...call, sandbox, principal: userPrincipal() });
      return create(GetSandboxConfigResponseSchema, answer);
    },
    async user(sandbox, update, by = userPrincipal()) {
      const names = sandbox ? { name: sandbox.name } : { global: true };
      const request = create(UpdateConfigRequestSchema, { ...names, ...update });
      const answer = await handlers.updateConfig(request, { ...call, sandbox, principal: by });
      return create(UpdateConfigResponseSchema, answer);
    },
    async sync(sandbox, update) {
      const request = create(UpdateConfigRequestSchema, { name: sandbox.name, ...update });
      const principal = sandboxPrincipal(sandbox.id);
      return create(UpdateConfigResponseSchema, await handlers.updateConfig(request, { ...call, sandbox, principal }));
    },
    async report(sandbox, version, status, loadError = "") {
      const request = create(ReportPolicyStatusRequestSchema, { sandboxId: sandbox.id, version, status, loadError });
      await handlers.reportPolicyStatus(request, { ...call, sandbox, principal: sandboxPrincipal(sandbox.id) });
    },
    async restart() {
      await store[Symbol.asyncDispose]();
      return open(path);
    },
  };
}
