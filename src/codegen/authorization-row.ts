import type { DescMethod } from "@bufbuild/protobuf";
import type { AuthorizationOption, OptionReader } from "./options.ts";
import type { Problem } from "./problem.ts";
import type { Mode, Row, SandboxReference } from "./row.ts";
import { findSandboxReference } from "./sandbox-references.ts";

const modes: readonly Mode[] = ["unauthenticated", "bearer", "sandbox", "dual"];
const workspaceRoles = ["user", "admin"] as const;
const globalRoles = ["platform_admin"] as const;

/** A method's row, or undefined where problems were found; those are added to `problems`. */
export function authorizationRow(method: DescMethod, options: OptionReader, problems: Problem[]): Row | undefined {
  const found: Problem[] = [];
  const says = (text: string) => found.push({ at: method, says: `${method.name} ${text}` });

  const option = options.authorization(method);
  if (!option) says("has no (openshell.options.v1.authorization)");
  const mode = modes.find((one) => one === option?.auth_mode);
  if (option && !mode) says(`has auth_mode "${option.auth_mode}"; it must be one of ${modes.join(", ")}`);
  const roles = option && rolesOf(option, says);
  if (option && mode) checkMembers(option, mode, says);

  const sandbox = sandboxOf(method, mode, options, found);
  problems.push(...found);
  if (!mode || !option || found.length > 0) return undefined;
  return { mode, ...(option.scope && { scope: option.scope }), ...roles, ...(sandbox && { sandbox }) };
}

function rolesOf(option: AuthorizationOption, says: (text: string) => void) {
  const workspaceRole = workspaceRoles.find((role) => role === option.workspace_role);
  const globalRole = globalRoles.find((role) => role === option.global_role);
  if (option.workspace_role && !workspaceRole) {
    says(`has workspace_role "${option.workspace_role}"; it must be one of ${workspaceRoles.join(", ")}`);
  }
  if (option.global_role && !globalRole) {
    says(`has global_role "${option.global_role}"; it must be ${globalRoles.join(", ")}`);
  }
  return { ...(workspaceRole && { workspaceRole }), ...(globalRole && { globalRole }) };
}

/** Scopes and roles are a user's: where no user may call, they would be a promise that nobody keeps. */
function checkMembers(option: AuthorizationOption, mode: Mode, says: (text: string) => void): void {
  const asksOfUsers = option.scope || option.workspace_role || option.global_role;
  if (asksOfUsers && (mode === "unauthenticated" || mode === "sandbox")) {
    says(`has auth_mode "${mode}", under which no scope or role can be asked`);
  }
}

function sandboxOf(
  method: DescMethod,
  mode: Mode | undefined,
  options: OptionReader,
  problems: Problem[],
): SandboxReference | undefined {
  const says = (text: string) => problems.push({ at: method, says: `${method.name} ${text}` });
  const named = findSandboxReference(method, options, problems);
  if (options.sandboxFromPrincipal(method)) {
    if (named) says("has sandbox_from_principal, and a sandbox_ref in its request: only one can be true");
    if (mode && mode !== "sandbox")
      says(`has sandbox_from_principal under auth_mode "${mode}": only a sandbox has one`);
    return { from: "principal" };
  }
  if (!named && (mode === "sandbox" || mode === "dual")) {
    says(`has auth_mode "${mode}", but neither sandbox_from_principal nor a field with sandbox_ref`);
  }
  if (named && mode === "unauthenticated") says('has auth_mode "unauthenticated", but its request names a sandbox');
  return named;
}
