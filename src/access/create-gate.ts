import type { DescMethod } from "@bufbuild/protobuf";
import { type Authenticate, type Presented, readBearer } from "../auth/index.ts";
import type { Audit } from "../core/audit.ts";
import { anonymous, type Principal } from "../core/principal.ts";
import { Refusal } from "../core/refusal.ts";
import { requireAdmission } from "./admission.ts";
import type { AuthorizationRow } from "./authorization.ts";
import type { BoundService } from "./bound-service.ts";
import type { CallHead, Gate } from "./gate.ts";
import { nameOf } from "./principal-name.ts";
import type { RolePolicy } from "./roles.ts";

export interface GateOptions {
  readonly services: readonly BoundService[];
  readonly authenticate: Authenticate;
  readonly roles: RolePolicy;
  readonly audit: Audit;
}

/**
 * Makes the gate that every call passes before its body is read: who is calling, and does the method's row admit them.
 * Methods that need no authentication are not asked for any, so that a probe with a stale credential still gets its
 * answer. A method without a row is refused, whoever calls (requirement A7).
 */
export function createGate({ services, authenticate, roles, audit }: GateOptions): Gate {
  const rows = new Map<DescMethod, AuthorizationRow>();
  for (const { methods } of services) for (const { method, row } of methods) rows.set(method, row);

  return async (head) => {
    const row = rows.get(head.method);
    if (!row) throw new Refusal("not-built");
    if (row.mode === "unauthenticated") return anonymous;
    const method = `${head.method.parent.typeName}/${head.method.name}`;
    let principal: Principal = anonymous;
    try {
      principal = await identify(head, method, authenticate);
      requireAdmission(row, principal, roles);
      if (head.arrival.listener === "sandboxes" && row.mode === "bearer") throw new Refusal("listener-restricted");
      return principal;
    } catch (thrown) {
      const refusal = Refusal.from(thrown);
      audit({
        event: principal === anonymous ? "token.refused" : "access.refused",
        principal: nameOf(principal),
        method,
        reason: refusal.reason,
        peer: head.arrival.peer,
      });
      throw refusal;
    }
  };
}

async function identify(head: CallHead, method: string, authenticate: Authenticate): Promise<Principal> {
  const bearer = readBearer(head.authorization);
  if (!bearer.ok) throw new Refusal(bearer.reason);
  const presented: Presented = { method, bearer: bearer.value, arrival: head.arrival };
  const verdict = await authenticate(presented);
  if (!verdict.ok) throw new Refusal(verdict.reason);
  return verdict.value;
}
