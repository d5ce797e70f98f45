import type { UpdateConfigRequest } from "../../../gen/openshell/v1/config_pb.ts";
import { isAdmin, nameOf, type RolePolicy } from "../../access/index.ts";
import type { Audit } from "../../core/audit.ts";
import type { SandboxPrincipal, UserPrincipal } from "../../core/principal.ts";
import { Refusal } from "../../core/refusal.ts";
import type { ScopedSandbox } from "../../core/scoped-sandbox.ts";
import type { Changed, ConfigScope, Standing } from "../../store/index.ts";
import { complaint } from "./complaint.ts";
import type { Configuration } from "./configuration.ts";
import { decideChange, decideSync } from "./decide-change.ts";
import { type RequestedChange, readChange, readSync } from "./requested-change.ts";

export interface UpdateConfigDeps {
  readonly configuration: Configuration;
  readonly audit: Audit;
  readonly roles: RolePolicy;
}

interface UpdateCall {
  readonly principal: UserPrincipal | SandboxPrincipal;
  readonly sandbox: ScopedSandbox | undefined;
}

const method = "openshell.v1.OpenShell/UpdateConfig";

/** Changes the configuration of a sandbox or of the gateway, as far as the caller may. */
export function updateConfig({ configuration, audit, roles }: UpdateConfigDeps) {
  async function bySandbox(request: UpdateConfigRequest, principal: SandboxPrincipal, sandbox: ScopedSandbox) {
    const policy = readSync(request);
    const changed = await configuration.change(sandbox.id, principal, (standing) => decideSync(policy, standing));
    record({ principal, sandbox }, changed, `policy version ${changed.scope.policyVersion} synced`);
    return answer(changed, false);
  }

  async function byUser(request: UpdateConfigRequest, principal: UserPrincipal, sandbox: ScopedSandbox | undefined) {
    const scope = scopeOf(request, sandbox);
    if (scope === "global") requireAdmin(principal, roles);
    const asked = readChange(request);
    const changed = await configuration.change(scope, principal, (standing) => {
      requireExpected(request.expectedResourceVersion, standing);
      return decideChange(asked, standing);
    });
    record({ principal, sandbox }, changed, describe(asked, scope, changed));
    return answer(changed, asked.kind === "delete-policy" || asked.kind === "delete-setting");
  }

  function record({ principal, sandbox }: UpdateCall, { changed }: Changed, reason: string): void {
    if (!changed) return;
    audit({
      event: "config.updated",
      principal: nameOf(principal),
      ...(sandbox && { sandboxId: sandbox.id }),
      method,
      reason,
    });
  }

  return async (request: UpdateConfigRequest, { principal, sandbox }: UpdateCall) => {
    if (principal.kind === "user") return byUser(request, principal, sandbox);
    if (!sandbox) throw new Refusal("sandbox-global-config");
    return bySandbox(request, principal, sandbox);
  };
}

function scopeOf({ global }: UpdateConfigRequest, sandbox: ScopedSandbox | undefined): ConfigScope {
  if (global && sandbox) throw complaint("name", "nothing beside global", "the name of a sandbox");
  if (!global && !sandbox) throw complaint("name", "the name of a sandbox, or global beside it", "nothing");
  return sandbox?.id ?? "global";
}

/** What is global concerns every workspace. */
function requireAdmin(principal: UserPrincipal, roles: RolePolicy): void {
  if (isAdmin(principal, roles)) return;
  throw new Refusal("role-missing", { says: `role '${roles.adminRole}' required` });
}

/**
 * A caller may say what it has read: a sandbox's `metadata.resource_version`, or the gateway's `settings_revision`. Where
 * that is not what stands any more, nothing is changed.
 */
function requireExpected(expected: bigint, { own, resourceVersion }: Standing): void {
  const actual = BigInt(own.scope === "global" ? own.revision : (resourceVersion ?? 0));
  if (expected === 0n || expected === actual) return;
  throw new Refusal("version-conflict", {
    says: `expected_resource_version: ${expected} was expected, ${actual} stands; read again and retry`,
  });
}

function describe(asked: RequestedChange, scope: ConfigScope, { scope: after }: Changed): string {
  const where = scope === "global" ? "global " : "";
  switch (asked.kind) {
    case "set-policy":
    case "merge":
      return `${where}policy version ${after.policyVersion}`;
    case "delete-policy":
      return `${where}policy deleted`;
    case "set-setting":
      return `${where}setting ${asked.key} set`;
    case "delete-setting":
      return `${where}setting ${asked.key} deleted`;
  }
}

function answer({ scope, changed }: Changed, isDeletion: boolean) {
  return {
    version: scope.policy ? scope.policyVersion : 0,
    policyHash: scope.policy?.hash ?? "",
    settingsRevision: BigInt(scope.revision),
    deleted: isDeletion && changed,
  };
}
