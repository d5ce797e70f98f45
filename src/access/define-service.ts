import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { Audit } from "../core/audit.ts";
import type { Clock } from "../core/clock.ts";
import { Refusal } from "../core/refusal.ts";
import { requireAdmission } from "./admission.ts";
import type { AuthorizationRow } from "./authorization.ts";
import { bindMethod, type LooseHandler } from "./bind-method.ts";
import type { BoundService } from "./bound-service.ts";
import type { SandboxDirectory } from "./directory.ts";
import { guardMethod } from "./guard.ts";
import type { OpenLease } from "./lease.ts";
import type { RolePolicy } from "./roles.ts";
import type { AnyService, AuthorizationTable, Handlers } from "./service-types.ts";
import { unimplemented } from "./unimplemented.ts";

/** What guards need at run time. */
export interface Guarding {
  readonly directory: SandboxDirectory;
  readonly audit: Audit;
  readonly roles: RolePolicy;
  readonly openLease: OpenLease;
  readonly clock: Clock;
  /** How long a stream may be silent before its first message, in milliseconds. */
  readonly firstFrameMs: number;
}

/** Handlers with their authorization, not yet bound to a running gateway. */
export interface ServiceDefinition {
  bind(guarding: Guarding): BoundService;
}

/**
 * The only way to a service that transports can serve (requirements A7, S1, B6). Each handler's argument is typed by its
 * method's row, so a handler cannot read a principal that its mode does not give, and neither a method without a row nor
 * one without a handler compiles; what is not built yet says {@link unimplemented}.
 */
export function defineService<S extends AnyService, const T extends AuthorizationTable<S>>(
  service: S,
  authorization: T,
  handlers: Handlers<S, T>,
): ServiceDefinition {
  return {
    bind(guarding) {
      const methods = service.methods.map((method) => {
        const row: AuthorizationRow | undefined = authorization[method.localName];
        const handler: unknown = handlers[method.localName];
        if (!row || handler === undefined)
          throw new Error(`${service.typeName}/${method.name} has no row or no handler`);
        const guard = guardMethod(method, row, guarding);
        const admit = requireAdmission.bind(undefined, row);
        const built = handler === unimplemented ? notBuilt(method) : (handler as LooseHandler);
        return bindMethod({ method, row, guard, admit, handler: built, guarding });
      });
      return { service: service as BoundService["service"], methods };
    },
  };
}

function notBuilt(method: DescMethod): LooseHandler {
  const refuse = (): never => {
    throw new Refusal("not-built", {
      says: `${method.parent.typeName}/${method.name} is not implemented by this gateway`,
    });
  };
  const streams = method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming";
  return streams ? () => failing(refuse) : refuse;
}

async function* failing(refuse: () => never): AsyncGenerator<Message> {
  yield refuse();
}
