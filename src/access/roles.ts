import type { UserPrincipal } from "../core/principal.ts";
import { Refusal } from "../core/refusal.ts";
import type { AuthorizationRow } from "./authorization.ts";

/** What the roles of a deployment are called. */
export interface RolePolicy {
  /** Has every right; an empty name gives every user all rights. */
  readonly adminRole: string;
  readonly userRole: string;
  /** Are scopes asked for? Only where an identity provider gives them. */
  readonly enforceScopes: boolean;
}

const everyScope = "openshell:all";

/** Whether a user may do what administrators do (an empty admin role makes everybody one). */
export function isAdmin(user: UserPrincipal, policy: RolePolicy): boolean {
  return policy.adminRole === "" || user.roles.has(policy.adminRole);
}

/**
 * Checks a user against a method's row: scope, then role.
 * @throws Refusal `scope-missing` or `role-missing`, naming what is missing.
 */
export function requireRole(row: AuthorizationRow, user: UserPrincipal, policy: RolePolicy): void {
  if (policy.enforceScopes && row.scope && !user.scopes.has(row.scope) && !user.scopes.has(everyScope)) {
    throw new Refusal("scope-missing", { says: `scope '${row.scope}' required` });
  }
  if (!row.workspaceRole && !row.globalRole) return;
  if (isAdmin(user, policy)) return;
  if (row.workspaceRole === "user" && (policy.userRole === "" || user.roles.has(policy.userRole))) return;
  const role = row.workspaceRole === "user" ? policy.userRole : policy.adminRole;
  throw new Refusal("role-missing", { says: `role '${role}' required` });
}
