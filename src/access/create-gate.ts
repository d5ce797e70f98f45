import type { DescMethod } from "@bufbuild/protobuf";
import { type Authenticate, readBearer } from "../auth/index.ts";
import type { Audit } from "../core/audit.ts";
import { anonymous, type Principal } from "../core/principal.ts";
import { Refusal, type Verdict } from "../core/refusal.ts";
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
  const guarded = new Map<DescMethod, Guarded>();
  for (const { methods } of services) {
    for (const { method, row } of methods) {
      guarded.set(method, { row, name: `${method.parent.typeName}/${method.name}` });
    }
  }

  function refuse(thrown: unknown, head: CallHead, { name }: Guarded, principal: Principal): never {
    const refusal = Refusal.from(thrown);
    audit({
      event: principal === anonymous ? "token.refused" : "access.refused",
      principal: nameOf(principal),
      method: name,
      reason: refusal.reason,
      peer: head.arrival.peer,
    });
    throw refusal;
  }

  function admit(verdict: Verdict<Principal>, head: CallHead, method: Guarded): Principal {
    if (!verdict.ok) return refuse(new Refusal(verdict.reason), head, method, anonymous);
    const principal = verdict.value;
    try {
      requireAdmission(method.row, principal, roles);
      if (head.arrival.listener === "sandboxes" && method.row.mode === "bearer") {
        throw new Refusal("listener-restricted");
      }
      return principal;
    } catch (thrown) {
      return refuse(thrown, head, method, principal);
    }
  }

  async function admitOnceKnown(
    verdict: Promise<Verdict<Principal>>,
    head: CallHead,
    method: Guarded,
  ): Promise<Principal> {
    const known = await verdict.catch((thrown) => refuse(thrown, head, method, anonymous));
    return admit(known, head, method);
  }

  function identify(head: CallHead, method: Guarded) {
    try {
      const bearer = readBearer(head.authorization);
      if (!bearer.ok) return bearer;
      return authenticate({ method: method.name, bearer: bearer.value, arrival: head.arrival });
    } catch (thrown) {
      return refuse(thrown, head, method, anonymous);
    }
  }

  return (head) => {
    const method = guarded.get(head.method);
    if (!method) throw new Refusal("not-built");
    if (method.row.mode === "unauthenticated") return anonymous;
    const verdict = identify(head, method);
    return verdict instanceof Promise ? admitOnceKnown(verdict, head, method) : admit(verdict, head, method);
  };
}

interface Guarded {
  readonly row: AuthorizationRow;
  /** In full, for instance `openshell.v1.OpenShell/Health`. */
  readonly name: string;
}
