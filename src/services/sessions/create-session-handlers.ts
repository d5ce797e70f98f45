import type { openShellAuthorization } from "../../../gen/openshell/v1/openshell_authz.ts";
import type { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import type { HandlerOf } from "../../access/index.ts";
import { connectSupervisor } from "./connect-supervisor.ts";
import type { Sessions } from "./sessions.ts";

export interface SessionHandlers {
  readonly connectSupervisor: HandlerOf<typeof OpenShell, typeof openShellAuthorization, "connectSupervisor">;
}

export function createSessionHandlers({ sessions }: { readonly sessions: Sessions }): SessionHandlers {
  return { connectSupervisor: connectSupervisor(sessions) };
}
