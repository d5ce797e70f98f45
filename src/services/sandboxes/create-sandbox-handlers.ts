import type { openShellAuthorization } from "../../../gen/openshell/v1/openshell_authz.ts";
import type { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import type { HandlerOf, RolePolicy } from "../../access/index.ts";
import type { LogBuffer } from "../logs/index.ts";
import { readCreateRequest } from "./create-request.ts";
import type { SandboxLifecycle } from "./lifecycle.ts";
import { listSandboxes } from "./list-sandboxes.ts";
import type { SandboxRegistry } from "./registry.ts";
import { sandboxMessage } from "./sandbox-message.ts";
import { watchSandbox } from "./watch-sandbox.ts";

type Method =
  | "createSandbox"
  | "getSandbox"
  | "listSandboxes"
  | "stopSandbox"
  | "startSandbox"
  | "deleteSandbox"
  | "watchSandbox";

export type SandboxHandlers = {
  readonly [K in Method]: HandlerOf<typeof OpenShell, typeof openShellAuthorization, K>;
};

export interface SandboxHandlersOptions {
  readonly registry: SandboxRegistry;
  readonly lifecycle: SandboxLifecycle;
  readonly logs: Pick<LogBuffer, "subscribe" | "tail">;
  readonly roles: RolePolicy;
}

export function createSandboxHandlers(options: SandboxHandlersOptions): SandboxHandlers {
  const { registry, lifecycle } = options;
  return {
    async createSandbox(request, { principal }) {
      const made = await lifecycle.create(readCreateRequest(request), principal);
      return { sandbox: sandboxMessage(made) };
    },
    getSandbox: (_request, { sandbox }) => ({ sandbox: sandboxMessage(registry.get(sandbox)) }),
    listSandboxes: listSandboxes(options),
    stopSandbox: async (_request, { sandbox, principal }) => ({
      sandbox: sandboxMessage(await lifecycle.stop(sandbox.id, principal)),
    }),
    startSandbox: async (_request, { sandbox, principal }) => ({
      sandbox: sandboxMessage(await lifecycle.start(sandbox.id, principal)),
    }),
    async deleteSandbox(_request, { sandbox, principal }) {
      await lifecycle.remove(sandbox.id, principal);
      return { deleted: true };
    },
    watchSandbox: watchSandbox(options),
  };
}
