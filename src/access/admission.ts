import type { Principal } from "../core/principal.ts";
import { Refusal } from "../core/refusal.ts";
import type { AuthorizationRow } from "./authorization.ts";
import { type RolePolicy, requireRole } from "./roles.ts";

/**
 * Whether a principal's kind, and for users the scope and role, fit a method's row (requirements A7, S3). What a
 * sandbox may see of which sandbox is the guard's matter.
 * @throws Refusal that says which kind, scope or role the method asks for.
 */
export function requireAdmission(row: AuthorizationRow, principal: Principal, policy: RolePolicy): void {
  if (row.mode === "unauthenticated") return;
  if (principal.kind === "anonymous") throw new Refusal("credential-missing");
  if (principal.kind === "sandbox") {
    if (row.mode === "bearer") throw new Refusal("user-principal-required");
    return;
  }
  if (row.mode === "sandbox") throw new Refusal("sandbox-principal-required");
  requireRole(row, principal, policy);
}
